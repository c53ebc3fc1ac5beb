import type { Seq } from "../core/id.ts";
import type { MessageContent, Task } from "../store/index.ts";

/** What the rest of the program may ask of the delivery engine. */
export interface Deliverer {
  /** A message has been committed with these deliveries (`seq` is also the place in the lane). Never waits. */
  enqueue(message: MessageContent, deliveries: ReadonlyArray<{ readonly seq: Seq; readonly endpointSeq: Seq }>): void;
  /** Goes on with a background task that is stored as `running`. */
  startTask(task: Task): void;
}
