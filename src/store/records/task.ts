import type { Seq } from "../../core/id.ts";

/**
 * The task has ended, or another process works on it. Nothing was stored, and the caller must stop
 * working on it.
 */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";

  constructor(seq: Seq) {
    super(`Task ${seq} has ended or belongs to another process.`);
  }
}

export type TaskStatus = "running" | "finished" | "failed";

/** Work that continues after the response to its request, and after restarts. */
export interface Task {
  readonly seq: Seq;
  readonly environmentSeq: Seq;
  /** For example `dead-letter.redrive`. */
  readonly kind: string;
  readonly status: TaskStatus;
  /** Parameters and progress in a form that depends on `kind`. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly updatedAt: number;
}

export interface TaskFilter {
  readonly status?: TaskStatus;
  readonly kind?: string;
  /** Created at or after this time. */
  readonly since?: number;
}

export interface StoreSize {
  readonly databaseBytes: number;
  readonly walBytes: number;
}

export interface Pruned {
  /** Number of deleted rows. */
  readonly deleted: number;
  /** Whether there is more to delete now. */
  readonly more: boolean;
}
