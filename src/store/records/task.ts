import type { Seq } from "../../core/id.ts";

/** The task has ended or belongs to another process by now. Nothing was stored, and the caller must stop working on it. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";

  constructor(seq: Seq) {
    super(`Task ${seq} has ended or belongs to another process.`);
  }
}

export type TaskStatus = "running" | "finished" | "failed";

/** Work that goes on after its request was answered, and over restarts. */
export interface Task {
  readonly seq: Seq;
  readonly environmentSeq: Seq;
  /** For example `dead-letter.redrive`. */
  readonly kind: string;
  readonly status: TaskStatus;
  /** JSON that the kind's code understands: parameters and progress. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly updatedAt: number;
}

export interface TaskFilter {
  readonly status?: TaskStatus;
  readonly kind?: string;
  /** Made at or after this instant. */
  readonly since?: number;
}

export interface StoreSize {
  readonly databaseBytes: number;
  readonly walBytes: number;
}

export interface Pruned {
  /** Rows that are gone. */
  readonly deleted: number;
  /** There is more to look at now; otherwise everything has been looked at. */
  readonly more: boolean;
}
