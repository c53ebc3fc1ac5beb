import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../core/id.ts";

/** Progress of a sweep. Rows are in order of `at`, then `seq`. */
export interface SweepCursor {
  readonly at: number;
  readonly seq: Seq;
}

interface Row extends SweepCursor {
  /** Whether the row must be kept for now. */
  readonly stays: 0 | 1;
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

const START: SweepCursor = { at: 0, seq: 0 };

/**
 * Iterates over rows that are old enough to be deleted, a limited number per step, and starts again
 * at the end. Some of them must be kept for now; the cursor prevents every step from reading these
 * again. The cursor is kept only in memory.
 */
export class Sweep<Found extends object = object> {
  readonly #rows: Statement<Row & Found, [number, number, number, number]>;
  #cursor = START;

  /**
   * `sql` selects at most ?4 rows, in order, from those up to ?1 and after the cursor (?2, ?3).
   */
  constructor(
    db: Database,
    sql: string,
    private readonly countOf: CountOf<Row & Found> = (rows) => rows.length,
  ) {
    this.#rows = db.prepare(sql);
  }

  /** Reads the next rows. Does not move the cursor, because the commit may run again. */
  read(upTo: number, limit: number): SweepStep {
    const found = this.#rows.all(upTo, this.#cursor.at, this.#cursor.seq, limit);
    const rows = found.length === 0 ? found : found.slice(0, this.countOf(found, limit));
    const seqs = rows.filter(({ stays }) => stays === 0).map(({ seq }) => seq);
    const isLast = found.length < limit && rows.length === found.length;
    return { seqs, runs: runsOf(rows), next: isLast ? null : rows[rows.length - 1]! };
  }

  /** Moves the cursor after the step was committed. Returns whether more rows are left. */
  advance({ next }: SweepStep): boolean {
    this.#cursor = next ?? START;
    return next !== null;
  }
}

function runsOf(rows: readonly Row[]): Run[] {
  const runs: { first: Seq; last: Seq }[] = [];
  let isInRun = false;
  for (const { seq, stays } of rows) {
    if (stays === 0 && isInRun) runs[runs.length - 1]!.last = seq;
    else if (stays === 0) runs.push({ first: seq, last: seq });
    isInRun = stays === 0;
  }
  return runs;
}
