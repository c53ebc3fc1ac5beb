import type { Seq } from "../core/id.ts";
import type { MessageContent, Task } from "../store/index.ts";

/** The part of the delivery engine that commands use. */
export interface Deliverer {
  /**
   * Adds the deliveries of a message that was just committed. `seq` is also the position in the
   * lane. Returns immediately.
   */
  enqueue(message: MessageContent, deliveries: ReadonlyArray<{ readonly seq: Seq; readonly endpointSeq: Seq }>): void;
  /** Starts or continues a background task that is stored as `running`. */
  startTask(task: Task): void;
  /** Returns whether a running task has not begun because too many others run. */
  isTaskWaiting(taskSeq: Seq): boolean;
}
