import type { Seq } from "../core/id.ts";
import type { PageOf, PageRequest, Pruned, StoreSize, Task, TaskFilter } from "./index.ts";

/** What keeps the installation going: background tasks, retention, size, health. */
export interface Housekeeping {
  /** Work that goes on after its request was answered, and over restarts. */
  readonly tasks: {
    /** Stores a new task. A running one is leased to this process. */
    create(task: Task): Promise<void>;
    /** Stores how far a task has come, or that it has ended. Rejects with `LeaseLost` when this process has no lease of it. */
    update(task: Task): Promise<void>;
    get(environmentSeq: Seq, seq: Seq): Promise<Task | null>;
    list(environmentSeq: Seq, filter: TaskFilter, page: PageRequest): Promise<PageOf<Task>>;
    /**
     * Leases the running tasks that no live process has, and returns them, oldest first. A process keeps its leases while
     * it lives, and loses those of tasks that have ended. When it is cut off for so long that another process takes its
     * tasks, its next write for one of them rejects with `LeaseLost` and changes nothing: two processes may begin the
     * same step, but only one of them commits it.
     */
    lease(): Promise<readonly Task[]>;
  };

  /** Small named values of the installation, such as the hash of the generated root token. */
  readonly meta: {
    get(name: string): Promise<string | null>;
    set(name: string, value: string): Promise<void>;
  };

  /**
   * Deletes messages, attempts and ended tasks born before `before`, tokens that had expired by then, expired payloads and
   * idempotency entries, and audit entries that are more than a year old. Looks at no more than `limit` rows of each kind,
   * going on where the call before ended. A message with a pending delivery stays.
   */
  prune(before: number, now: number, limit: number): Promise<Pruned>;
  size(): Promise<StoreSize>;
  /** Throws `StoreUnavailable` when the store cannot be read. */
  ping(): Promise<void>;
}
