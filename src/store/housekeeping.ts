import type { Seq } from "../core/id.ts";
import type { Notices } from "./notices.ts";
import type {
  ClockOffsets,
  PageOf,
  PageRequest,
  Pruned,
  StoreAbout,
  StoreHealth,
  StoreSize,
  Task,
  TaskFilter,
  UnenforcedRule,
} from "./records/index.ts";

/** Manages background tasks, retention, size and health. */
export interface Housekeeping {
  /**
   * Work that continues after the response to the request that started it. It also continues after
   * a restart.
   */
  readonly tasks: {
    /** Stores a new task. If the task is running, this process gets its lease. */
    create(task: Task): Promise<void>;
    /**
     * Stores the progress or the end of a task. Rejects with `LeaseLost` if this process does not
     * hold the task's lease.
     */
    update(task: Task): Promise<void>;
    /**
     * Ends a running task as `failed`, with `cancelled: true` in its data. No process holds its
     * lease afterwards. Returns whether the task was running, or null if the environment has no
     * such task.
     */
    cancel(environmentSeq: Seq, seq: Seq, now: number): Promise<boolean | null>;
    get(environmentSeq: Seq, seq: Seq): Promise<Task | null>;
    list(environmentSeq: Seq, filter: TaskFilter, page: PageRequest): Promise<PageOf<Task>>;
    /**
     * Leases the running tasks that no other live process holds. Returns all running tasks that
     * this process now holds, oldest first.
     *
     * A process holds the lease of a task until the process or the task ends. If a process is cut
     * off for too long, another process takes over its tasks. Writes of the first process for such a
     * task then reject with `LeaseLost` and change nothing. So two processes may
     * begin the same step, but only one commits it.
     */
    lease(): Promise<readonly Task[]>;
  };

  /**
   * Returns whether this process does what must be done once for all processes with the same data. The first
   * one that asks does, until it has ended. For a short time two processes may believe so, for example if one of
   * them was suspended.
   */
  leads(): Promise<boolean>;

  /** Small named values of the installation, such as the hash of the generated root token. */
  readonly meta: {
    get(name: string): Promise<string | null>;
    /** Sets a value. Null deletes it. */
    set(name: string, value: string | null): Promise<void>;
  };

  /**
   * The offsets of the wall clock that were stored last; zero if none were stored. `set` also
   * shifts the `failingSince` of all failing endpoints by the change of `aheadMs`. So setting the
   * clock does not change how long an endpoint has been failing. A store whose clock is an
   * estimate may leave out a second.
   */
  readonly clockOffsets: {
    get(): Promise<ClockOffsets>;
    set(offsets: ClockOffsets): Promise<void>;
  };

  /** The states that notices to people are about, and the notices that were sent. */
  readonly notices: Notices;

  /**
   * Deletes rows that are past their retention:
   * - messages, attempts, ended tasks and entries of source logs that were created before `before`,
   *   except messages with a pending delivery
   * - the logs of deleted sources
   * - tokens of sources that no longer count for the limit of rotations
   * - tokens that expired at or before `before`
   * - expired payloads and idempotency entries
   * - audit entries older than 400 days
   * - sessions that have ended
   * - counts over time: minutes after 3 days, hours after 100 days
   *
   * Reads at most `limit` rows of each kind, and continues where the previous call stopped. A store may
   * delete the rows of whole days at once if `before` is two days or more ago. Then it keeps messages
   * and attempts for up to a day longer, deletes attempts by their own age, and returns an approximate
   * number of deleted rows.
   *
   * A store may use several commits, so a call that fails may have deleted a part.
   */
  prune(before: number, now: number, limit: number): Promise<Pruned>;
  size(): Promise<StoreSize>;
  /**
   * Returns the free space on the disk that holds the data, or null if it is not known. Also works
   * while the store fails.
   */
  diskFreeBytes(): Promise<number | null>;
  /** Describes the store, for operators. */
  about(): Promise<StoreAbout>;
  /** Reads one row. Rejects with `StoreUnavailable` if the store cannot be read, or not within 5 seconds. */
  ping(): Promise<void>;
  /**
   * Returns whether the store works, judged by the last commit or read. While it fails, the store
   * commits a probe every 2 seconds, so the state also changes without traffic.
   */
  health(): Promise<StoreHealth>;
  /**
   * Returns the rules that the store does not enforce, because stored rows broke them when the
   * store was opened.
   */
  unenforcedRules(): Promise<readonly UnenforcedRule[]>;
}
