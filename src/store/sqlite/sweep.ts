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

export interface SweepStep {
  /** The rows that can be deleted. */
  readonly seqs: readonly Seq[];
  /** The cursor for the next step, or null after the last row. */
  readonly next: SweepCursor | null;
}

const START: SweepCursor = { at: 0, seq: 0 };

/**
 * Iterates over rows that are old enough to be deleted, a limited number per step, and starts again
 * at the end. Some of them must be kept for now; the cursor prevents every step from reading these
 * again. The cursor is kept only in memory.
 */
export class Sweep {
  readonly #rows: Statement<Row, [number, number, number, number]>;
  #cursor = START;

  /** `sql` selects at most ?4 rows, in order, from those up to ?1 and after the cursor (?2, ?3). */
  constructor(db: Database, sql: string) {
    this.#rows = db.prepare(sql);
  }

  /** Reads the next rows. Does not move the cursor, because the commit may run again. */
  read(upTo: number, limit: number): SweepStep {
    const rows = this.#rows.all(upTo, this.#cursor.at, this.#cursor.seq, limit);
    const seqs = rows.filter(({ stays }) => stays === 0).map(({ seq }) => seq);
    return { seqs, next: rows.length < limit ? null : rows[rows.length - 1]! };
  }

  /** Moves the cursor after the step was committed. Returns whether more rows are left. */
  advance({ next }: SweepStep): boolean {
    this.#cursor = next ?? START;
    return next !== null;
  }
}
