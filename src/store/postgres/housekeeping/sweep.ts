import { type CountOf, SWEEP_START, type SweepStep, type SweptRow, sweepStepOf } from "../../sql/sweep-step.ts";
import type { Transaction } from "../commit/commit.ts";

/**
 * Iterates over rows that are old enough to be deleted, a limited number per step, and starts again
 * at the end. Some of them must be kept for now; the cursor prevents every step from reading these
 * again. The cursor is kept only in memory.
 */
export class Sweep<Found extends object = object> {
  #cursor = SWEEP_START;

  /** `sql` selects at most `$limit` rows, in order, from those up to `$upTo` and after the cursor (`$at`, `$seq`). */
  constructor(
    private readonly sql: string,
    private readonly countOf: CountOf<SweptRow & Found> = (rows) => rows.length,
  ) {}

  /** Reads the next rows. Does not move the cursor, because the transaction may run again. */
  async read(transaction: Transaction, upTo: number, limit: number): Promise<SweepStep> {
    const found = await transaction.all<SweptRow & Found>(this.sql, { ...this.#cursor, upTo, limit });
    return sweepStepOf(found, limit, this.countOf);
  }

  /** Moves the cursor after the step was committed. Returns whether more rows are left. */
  advance({ next }: SweepStep): boolean {
    this.#cursor = next ?? SWEEP_START;
    return next !== null;
  }
}
