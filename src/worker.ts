/** The entry point of the worker thread. */
import { serveTasks } from "./thread/serve-tasks.ts";

serveTasks(self as unknown as Worker);
