import type { Seq } from "../../core/id.ts";

/** Progress of a sweep. Rows are in order of `at`, then `seq`. */
export interface SweepCursor {
  readonly at: number;
  readonly seq: Seq;
}

export interface SweptRow extends SweepCursor {
  /** Whether the row must be kept for now. SQLite states it as a number. */
  readonly stays: 0 | 1 | boolean;
}

/** Returns how many of these rows, at least one, belong to a step. */
export type CountOf<Found> = (rows: readonly Found[], limit: number) => number;

/** Neighbouring rows, of which all can be deleted. Both ends are included. */
export interface Run {
  readonly first: Seq;
  readonly last: Seq;
}

export interface SweepStep {
  /** The rows that can be deleted. */
  readonly seqs: readonly Seq[];
  /** The same rows. If rows are in order of `seq`, no other row is between those of a run. */
  readonly runs: readonly Run[];
  /** The cursor for the next step, or null after the last row. */
  readonly next: SweepCursor | null;
}

export const SWEEP_START: SweepCursor = { at: 0, seq: 0 };

/** Returns the step that consists of the first of the rows after the cursor. At most `limit` rows were read. */
export function sweepStepOf<Found extends SweptRow>(
  found: readonly Found[],
  limit: number,
  countOf: CountOf<Found>,
): SweepStep {
  const rows = found.length === 0 ? found : found.slice(0, countOf(found, limit));
  const seqs = rows.filter(({ stays }) => !stays).map(({ seq }) => seq);
  const isLast = found.length < limit && rows.length === found.length;
  return { seqs, runs: runsOf(rows), next: isLast ? null : rows[rows.length - 1]! };
}

function runsOf(rows: readonly SweptRow[]): Run[] {
  const runs: { first: Seq; last: Seq }[] = [];
  let isInRun = false;
  for (const { seq, stays } of rows) {
    if (!stays && isInRun) runs[runs.length - 1]!.last = seq;
    else if (!stays) runs.push({ first: seq, last: seq });
    isInRun = !stays;
  }
  return runs;
}
