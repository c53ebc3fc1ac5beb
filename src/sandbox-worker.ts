/** The entry point of the threads that run foreign code. */
import { serveCalls } from "./sandbox/serve-calls.ts";

serveCalls(self as unknown as Worker);
