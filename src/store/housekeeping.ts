import type { Seq } from "../core/id.ts";
import type { PageOf, PageRequest, Pruned, StoreSize, Task, TaskFilter } from "./index.ts";

/** What keeps the installation going: background tasks, retention, size, health. */
export interface Housekeeping {
  /** Work that goes on after its request was answered, and over restarts. */
  readonly tasks: {
    create(task: Task): Promise<void>;
    update(task: Task): Promise<void>;
    get(environmentSeq: Seq, seq: Seq): Promise<Task | null>;
    list(environmentSeq: Seq, filter: TaskFilter, page: PageRequest): Promise<PageOf<Task>>;
    /**
     * Takes the running tasks that no live process works on, for `owner`. A task is leased to one owner at a time, so its
     * steps never run twice at once; each `update` extends the lease. Where one process owns the data, all are free.
     */
    lease(owner: string): Promise<readonly Task[]>;
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
