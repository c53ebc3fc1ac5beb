/** The entry point of the thread for checkpoints. */
import { serveCheckpoints } from "./store/sqlite/commit/serve-checkpoints.ts";

serveCheckpoints(self as unknown as Worker);
