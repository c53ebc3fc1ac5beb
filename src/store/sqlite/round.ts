import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../core/id.ts";

/** A place in an order by `at`, then by `seq`. */
export interface Place {
  readonly at: number;
  readonly seq: Seq;
}

interface Line extends Place {
  /** It must stay for now. */
  readonly stays: 0 | 1;
}

export interface Looked {
  /** Those that need not stay. */
  readonly seqs: readonly Seq[];
  /** Where to go on; null when the end has been reached. */
  readonly next: Place | null;
}

const START: Place = { at: 0, seq: 0 };

/**
 * Goes through rows that are old enough to be deleted, so many a call, and begins anew at the end: so those that must stay for now,
 * however many they are, are not all looked at in one go. How far it has come is not stored: after a restart it begins anew.
 */
export class Round {
  readonly #lines: Statement<Line, [number, number, number, number]>;
  #place = START;

  /** `sql` finds lines up to ?1 and beyond the place (?2, ?3), at most ?4, in their order. */
  constructor(db: Database, sql: string) {
    this.#lines = db.prepare(sql);
  }

  /** May be called more than once in a commit that is tried again: going on is for `settle`. */
  look(upTo: number, limit: number): Looked {
    const lines = this.#lines.all(upTo, this.#place.at, this.#place.seq, limit);
    const seqs = lines.filter(({ stays }) => stays === 0).map(({ seq }) => seq);
    return { seqs, next: lines.length < limit ? null : lines[lines.length - 1]! };
  }

  /** To be called when what was made of it has been committed. True when the round is not at its end. */
  settle({ next }: Looked): boolean {
    this.#place = next ?? START;
    return next !== null;
  }
}
