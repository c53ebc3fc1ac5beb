import type { Database, Statement } from "bun:sqlite";
import { type CountOf, SWEEP_START, type SweepStep, type SweptRow, sweepStepOf } from "../../sql/sweep-step.ts";

/**
 * Iterates over rows that are old enough to be deleted, a limited number per step, and starts again
 * at the end. Some of them must be kept for now; the cursor prevents every step from reading these
 * again. The cursor is kept only in memory.
 */
export class Sweep<Found extends object = object> {
  readonly #rows: Statement<SweptRow & Found, [number, number, number, number]>;
  #cursor = SWEEP_START;

  /**
   * `sql` selects at most ?4 rows, in order, from those up to ?1 and after the cursor (?2, ?3).
   */
  constructor(
    db: Database,
    sql: string,
    private readonly countOf: CountOf<SweptRow & Found> = (rows) => rows.length,
  ) {
    this.#rows = db.prepare(sql);
  }

  /** Reads the next rows. Does not move the cursor, because the commit may run again. */
  read(upTo: number, limit: number): SweepStep {
    return sweepStepOf(this.#rows.all(upTo, this.#cursor.at, this.#cursor.seq, limit), limit, this.countOf);
  }

  /** Moves the cursor after the step was committed. Returns whether more rows are left. */
  advance({ next }: SweepStep): boolean {
    this.#cursor = next ?? SWEEP_START;
    return next !== null;
  }
}
