import type { Seq } from "../core/id.ts";
import type { PageOf, PageRequest, Pruned, StoreSize, Task, TaskFilter } from "./index.ts";

/** Background tasks, retention, size and health. */
export interface Housekeeping {
  /** Work that continues after the response to its request, and after restarts. */
  readonly tasks: {
    /** Stores a new task. A running task is leased to this process. */
    create(task: Task): Promise<void>;
    /**
     * Stores the progress or the end of a task. Rejects with `LeaseLost` if this process does not
     * hold its lease.
     */
    update(task: Task): Promise<void>;
    get(environmentSeq: Seq, seq: Seq): Promise<Task | null>;
    list(environmentSeq: Seq, filter: TaskFilter, page: PageRequest): Promise<PageOf<Task>>;
    /**
     * Leases the running tasks that no other live process holds, and returns all running tasks that
     * this process holds now, oldest first.
     *
     * A process holds its leases as long as it lives, and loses the lease of a task that ends. If it
     * is cut off for so long that another process takes its tasks, its next write for one of them
     * rejects with `LeaseLost` and changes nothing. So two processes may begin the same step, but
     * only one of them commits it.
     */
    lease(): Promise<readonly Task[]>;
  };

  /** Small named values of the installation, such as the hash of the generated root token. */
  readonly meta: {
    get(name: string): Promise<string | null>;
    set(name: string, value: string): Promise<void>;
  };

  /**
   * Deletes messages, attempts and ended tasks that were created before `before`, tokens that had
   * expired by then, expired payloads and idempotency entries, and audit entries older than 400
   * days. Keeps messages with a pending delivery. Reads at most `limit` rows of each kind and
   * continues where the previous call ended.
   */
  prune(before: number, now: number, limit: number): Promise<Pruned>;
  size(): Promise<StoreSize>;
  /** Rejects with `StoreUnavailable` if the store cannot be read. */
  ping(): Promise<void>;
}
