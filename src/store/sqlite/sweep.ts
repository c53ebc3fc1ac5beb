import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../core/id.ts";

/** Progress of a sweep, in order of `at`, then `seq`. */
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
  /** The cursor for the next step; null at the end. */
  readonly next: SweepCursor | null;
}

const START: SweepCursor = { at: 0, seq: 0 };

/**
 * Iterates over the rows that are old enough to be deleted, a limited number per step, and starts
 * again at the end. So rows that must be kept for now are not all read in one step, however many
 * they are. The cursor is only kept in memory.
 */
export class Sweep {
  readonly #rows: Statement<Row, [number, number, number, number]>;
  #cursor = START;

  /** `sql` selects up to ?4 rows up to ?1 and after the cursor (?2, ?3), in order. */
  constructor(db: Database, sql: string) {
    this.#rows = db.prepare(sql);
  }

  /** Reads the next rows without moving the cursor, because the commit may be repeated. */
  read(upTo: number, limit: number): SweepStep {
    const rows = this.#rows.all(upTo, this.#cursor.at, this.#cursor.seq, limit);
    const seqs = rows.filter(({ stays }) => stays === 0).map(({ seq }) => seq);
    return { seqs, next: rows.length < limit ? null : rows[rows.length - 1]! };
  }

  /** Moves the cursor after the step was committed. Returns whether the sweep has more rows. */
  advance({ next }: SweepStep): boolean {
    this.#cursor = next ?? START;
    return next !== null;
  }
}
