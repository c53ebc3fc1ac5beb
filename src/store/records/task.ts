import type { Seq } from "../../core/id.ts";

/**
 * The task has ended, or another process works on it. Nothing was stored, and the caller must stop
 * working on the task.
 */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";

  constructor(seq: Seq) {
    super(`Task ${seq} has ended or belongs to another process.`);
  }
}

export type TaskStatus = "running" | "finished" | "failed";

/** Work that continues after the response to the request that started it, and across restarts. */
export interface Task {
  readonly seq: Seq;
  readonly environmentSeq: Seq;
  /** For example `dead-letter.redrive`. */
  readonly kind: string;
  readonly status: TaskStatus;
  /** Parameters and progress, in a form that depends on `kind`. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly updatedAt: number;
}

export interface TaskFilter {
  readonly status?: TaskStatus;
  readonly kind?: string;
  /** Only tasks that were created at or after this time. */
  readonly since?: number;
}

export interface StoreSize {
  readonly databaseBytes: number;
  readonly walBytes: number;
  /** Free disk space for the data; null if it is not known. */
  readonly diskFreeBytes: number | null;
}

/** A rule that some stored rows break. The store does not enforce it. */
export interface UnenforcedRule {
  readonly table: string;
  readonly rule: string;
  /** Number of rows that break the rule. */
  readonly rows: number;
}

export interface StoreHealth {
  /** The last commit or read of the data failed. */
  readonly failing: boolean;
  /** Damage of the stored data has been found since the store was opened. */
  readonly damaged: boolean;
}

export interface Pruned {
  /** Number of deleted rows. */
  readonly deleted: number;
  /** Whether more rows can be deleted now. */
  readonly more: boolean;
}
