import type { Seq } from "../core/id.ts";
import type { MessageContent, Task } from "../store/index.ts";
import type { TargetWarning } from "../targets/warnings.ts";

/** A pending delivery that was just committed. `seq` is also its position in the lane. */
export interface NewDelivery {
  readonly seq: Seq;
  readonly endpointSeq: Seq;
}

/** The part of the delivery engine that commands use. */
export interface Deliverer {
  /**
   * Creates the lanes of very many endpoints, in several turns of the event loop. A later `enqueue`
   * of a message for all of them is then fast.
   */
  prepareLanes(endpointSeqs: readonly Seq[]): Promise<void>;
  /** Adds the deliveries of a message that was just committed. Returns immediately. */
  enqueue(message: MessageContent, deliveries: readonly NewDelivery[]): void;
  /** Returns whether this process serves the lane of an endpoint. */
  servesLane(endpointSeq: Seq): boolean;
  /**
   * Returns the problems of an endpoint's URL. Returns none if the check does not end before
   * `signal` aborts.
   */
  warningsOf(url: string, signal: AbortSignal): Promise<readonly TargetWarning[]>;
  /** Returns the URL of the built-in inbox to which a URL leads, or null if it leads elsewhere. */
  inboxUrl(url: URL): URL | null;
  /**
   * How far the wall clock is ahead of the delivery time, in ms; 0 unless the clock has been set.
   * The `dueAt` of retries is stored as a delivery time.
   */
  readonly retriesAheadMs: number;
  /** Whether all deliveries are held. Messages are then accepted, but no attempt starts. */
  readonly isHeld: boolean;
  /**
   * Starts no attempts to the endpoints of an application until the returned function is called.
   * Attempts under way finish.
   */
  holdApplication(applicationSeq: Seq): () => void;
  /** Returns the number of attempts under way to the endpoints of an application. */
  attemptsOf(applicationSeq: Seq): number;
  /**
   * Counts a background task that is about to be stored. Returns false if too many tasks of its
   * application, or too many in all, have not ended. Call `cancelTask` if the task was not stored.
   */
  admitTask(task: Task): boolean;
  /** Starts or continues a background task that is stored as `running`. */
  startTask(task: Task): void;
  /**
   * Stops work on a task whose end has been stored, or that was not stored. A step that is under way is
   * completed or undone.
   */
  cancelTask(taskSeq: Seq): void;
  /** Returns whether a task that is stored as `running` is waiting because too many others run. */
  isTaskWaiting(taskSeq: Seq): boolean;
}
