import type { OpeningSql } from "../commit/opening.ts";

/** Marks a transaction in the row of the process that runs it, unless another process has taken the row. */
export const MARK: OpeningSql = {
  steps: {
    mark: `UPDATE instance SET commits = $3, floor = GREATEST(floor, $4::bigint)
     WHERE slot = $1 AND fence = $2 AND held RETURNING 1`,
  },
  results: {
    marked: "(SELECT count(*) FROM mark)",
    instances: "(SELECT count(*) FROM instance WHERE held)",
  },
};

export interface MarkResult {
  /** 1, or 0 if another process has taken the row. */
  readonly marked: number;
  /** Number of processes that use the database. */
  readonly instances: number;
}
