import type { Seq } from "../../core/id.ts";

/**
 * The task has ended or another process holds its lease. Nothing was stored. The caller must stop
 * working on the task.
 */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";

  constructor(seq: Seq) {
    super(`Task ${seq} has ended or belongs to another process.`);
  }
}

export type TaskStatus = "running" | "finished" | "failed";

/**
 * Work that continues after the response to the request that started it. It also continues after a
 * restart.
 */
export interface Task {
  readonly seq: Seq;
  readonly environmentSeq: Seq;
  /** The kind of task, such as `dead-letter.redrive`. */
  readonly kind: string;
  readonly status: TaskStatus;
  /** Parameters and progress. Their form depends on `kind`. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly updatedAt: number;
}

export interface TaskFilter {
  /** `ended` stands for every status but `running`. */
  readonly status?: TaskStatus | "ended";
  readonly kind?: string;
  /** Lists only tasks that were created at or after this time. */
  readonly since?: number;
}

export interface StoreSize {
  readonly databaseBytes: number;
  /** Size of the write-ahead log, or null if it belongs to a server with other databases. */
  readonly walBytes: number | null;
}

export interface StoreAbout {
  /** Name and version of the database, such as `SQLite 3.54.0`. */
  readonly engine: string;
  /** Version of the schema: the number of migration steps that have run. */
  readonly schemaVersion: number;
  /** Whether each commit is synced to disk before it is confirmed. */
  readonly syncsCommits: boolean;
}

/** A rule that some stored rows break and that the store therefore does not enforce. */
export interface UnenforcedRule {
  readonly table: string;
  readonly rule: string;
  /** Number of rows that break the rule. */
  readonly rows: number;
}

export interface StoreHealth {
  /** Whether the last commit or read of the data failed. */
  readonly failing: boolean;
  /** Whether damaged data has been found since the store was opened. */
  readonly damaged: boolean;
}

export interface Pruned {
  /** Number of deleted rows. */
  readonly deleted: number;
  /** Whether more rows can be deleted now. */
  readonly more: boolean;
}
