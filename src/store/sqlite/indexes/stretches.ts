import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import { type Direction, EVERYTHING, type Range } from "../../sql/range.ts";
import type { Committer } from "../commit/commit.ts";
import { Search } from "./stretch-search.ts";
import { type Terms, type Trait, textOf } from "./trait.ts";

/**
 * Number of rows in a stretch. With a larger number the index is smaller, but a search reads more
 * rows per match.
 */
const STRETCH_ROWS = 64;
/**
 * Maximum number of lists whose last stretch is kept in memory, about 400 bytes each. If more lists
 * get rows in rotation, most stretches have a single row, and storing a row costs twice as much.
 */
const OPEN_MAX = 30_000;

interface Open {
  readonly start: Seq;
  readonly traits: Set<Trait>;
  last: Seq;
  rows: number;
}

/**
 * A sparse index of lists (an endpoint's attempts, an application's messages) by the traits of
 * their rows. An index entry per row and trait would cost more than storing the row. Instead a list
 * is divided into stretches of about 64 rows. The table `stretch` has one row per stretch, with the
 * stretch's start and the traits of the rows in it.
 *
 * Example: the messages of application 7, with stretches of four rows instead of 64.
 *
 *     row      11   12   14   15 | 20   21   23   26 | 30   31
 *     type     a    b    a    a  | c    c    c    c  | a    c
 *     channel  eu        eu      | eu   us           |      us
 *
 *     list_seq  start  traits
 *            7     11  |a||c:eu||b|
 *            7     20  |c||c:eu||c:us|
 *            7     30  NULL              (the last stretch: unknown, read the rows)
 *
 * A search for channel `us` skips the first stretch and reads the other two. A search for type `b`
 * reads the first and the last stretch.
 *
 * The traits of the last stretch are collected in memory and stored when the next stretch begins. A
 * crash loses them: the traits stay NULL, and searches read the rows. Rows are added in the order
 * of their numbers, with rare exceptions. If a row is out of order, its traits are added to the
 * stretch that contains its number.
 */
export class Stretches {
  readonly #open = new Map<Seq, Open>();
  /** The greatest number that has been marked or was in use at the start. */
  #newest: Seq;
  readonly #db: Database;
  readonly #begun: Statement;
  readonly #ended: Statement;
  readonly #added: Statement;
  readonly #startOf: Statement<{ start: number }, [number, number]>;
  readonly #endOf: Statement<{ start: number }, [number, number]>;

  /** `newest` is the greatest number in use. `limits` are set only by tests. */
  constructor(
    db: Database,
    committer: Pick<Committer, "onRollback">,
    newest: Seq,
    private readonly limits = { rows: STRETCH_ROWS, open: OPEN_MAX },
  ) {
    this.#db = db;
    this.#newest = newest;
    this.#begun = db.prepare("INSERT OR IGNORE INTO stretch (list_seq, start, traits) VALUES (?, ?, NULL)");
    this.#ended = db.prepare("UPDATE stretch SET traits = ?3 WHERE list_seq = ?1 AND start = ?2");
    this.#added = db.prepare(
      `UPDATE stretch SET traits = traits || ?3 WHERE list_seq = ?1 AND traits IS NOT NULL
       AND start = (SELECT start FROM stretch WHERE list_seq = ?1 AND start <= ?2 ORDER BY start DESC LIMIT 1)`,
    );
    this.#startOf = db.prepare(
      "SELECT start FROM stretch WHERE list_seq = ? AND start <= ? ORDER BY start DESC LIMIT 1",
    );
    this.#endOf = db.prepare("SELECT start FROM stretch WHERE list_seq = ? AND start > ? ORDER BY start LIMIT 1");
    // The stretches in memory may describe rows that were rolled back.
    committer.onRollback(() => this.#open.clear());
  }

  /** Adds a row to a list. Must be called in the commit that stores the row. */
  mark(list: Seq, seq: Seq, traits: readonly Trait[]): void {
    const open = this.#openFor(list, seq);
    if (open === null) this.#add(list, seq, traits);
    else for (const one of traits) open.traits.add(one);
  }

  /** Stores the traits of all last stretches. Must be called before the store is closed. */
  close(): void {
    for (const [list, open] of this.#open) this.#end(list, open);
    this.#open.clear();
  }

  /**
   * Returns the list's last stretch, or starts a new one. Returns null if the row is not at the end
   * of the list.
   */
  #openFor(list: Seq, seq: Seq): Open | null {
    const open = this.#open.get(list);
    const isLate = open === undefined ? seq <= this.#newest : seq < open.start;
    if (isLate) return null;
    if (seq > this.#newest) this.#newest = seq;
    if (open === undefined || (open.rows >= this.limits.rows && seq > open.last)) return this.#begin(list, open, seq);
    open.rows++;
    if (seq > open.last) open.last = seq;
    return open;
  }

  #begin(list: Seq, before: Open | undefined, start: Seq): Open {
    if (before !== undefined) this.#end(list, before);
    else if (this.#open.size >= this.limits.open) this.#endOldest();
    this.#begun.run(list, start);
    const open = { start, traits: new Set<Trait>(), last: start, rows: 1 };
    this.#open.set(list, open);
    return open;
  }

  #end(list: Seq, { start, traits }: Open): void {
    this.#ended.run(list, start, textOf(traits));
  }

  #endOldest(): void {
    const [list, open] = this.#open.entries().next().value!;
    this.#end(list, open);
    this.#open.delete(list);
  }

  #add(list: Seq, seq: Seq, traits: readonly Trait[]): void {
    if (this.#startOf.get(list, seq) === null) this.#begun.run(list, seq);
    else this.#added.run(list, seq, textOf(traits));
  }

  /**
   * Finds the ranges within `within` that may contain rows matching all `terms`. The ranges are in
   * the direction of reading and do not overlap. An empty range means that a step of the search
   * found nothing, so that the caller can limit the number of steps.
   */
  *find(list: Seq, terms: Terms, within: Range, direction: Direction): Generator<Range> {
    const descending = direction === "DESC";
    const search = new Search(this.#db, list, terms, direction);
    for (let { from, to } = { ...within, from: this.#beginning(list, within.from) }; from < to; ) {
      const bound = search.bound(from, to);
      const start = search.next(descending ? { from: bound, to } : { from, to: bound });
      if (start === null) yield { from: bound, to: bound };
      else {
        const end = this.#endOf.get(list, start)?.start ?? EVERYTHING.to;
        yield { from: Math.max(start, within.from), to: Math.min(end, to) };
      }
      if (descending) to = start ?? bound;
      else from = start === null ? bound : start + 1;
    }
  }

  /** Returns the start of the stretch that contains a number. */
  #beginning(list: Seq, seq: Seq): Seq {
    return this.#startOf.get(list, seq)?.start ?? seq;
  }
}
