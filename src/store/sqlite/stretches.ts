import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../core/id.ts";
import type { Committer } from "./commit.ts";

/** What a filter can ask of a row of a list. Numbers are endpoints that a message goes to; the texts are made below. */
export type Trait = string | number;

/** No two kinds can be taken for each other: event types consist of letters, digits and `-_.` alone. */
export const trait = {
  eventType: (name: string): Trait => name,
  /** Of an attempt that failed, to deliver a message with this trait. */
  failedWith: (one: Trait): Trait => `f:${one}`,
  channel: (name: string): Trait => `c:${name}`,
  tag: (name: string): Trait => `t:${name}`,
  /** Hundreds of the answer's status: 0 (no answer), 1 … */
  statusClass: (hundreds: number): Trait => STATUS_CLASSES[hundreds] ?? ":other",
  failed: ":failed",
  endpoint: (seq: Seq): Trait => seq,
} as const;

const STATUS_CLASSES = [":0", ":1", ":2", ":3", ":4", ":5"];

/** Rows of a stretch: so many are looked at for one that is wanted, and so many share the cost of being indexed. */
const STRETCH_ROWS = 64;
/** Lists of whose last stretch the traits are collected. When there are more, some get shorter stretches. */
const OPEN_MAX = 10_000;
/** More choices than these are faster looked up here than one after the other by SQLite. */
const CHOICES_MAX = 8;
/** Lines that are read before a search tells how far it has come: by SQLite, and here. */
const LINES_AT_ONCE = { bySql: 300, byReading: 30 } as const;

/** Rows with numbers from `from` (inclusive) to `to` (exclusive). */
export interface Range {
  readonly from: Seq;
  readonly to: Seq;
}

/** The numbers of all rows. */
export const EVERYTHING: Range = { from: 0, to: Number.MAX_SAFE_INTEGER };

type Direction = "ASC" | "DESC";
/** Each a choice of traits; a row must have one of each. */
type Terms = ReadonlyArray<readonly Trait[]>;

interface Open {
  readonly start: Seq;
  readonly traits: Set<Trait>;
  last: Seq;
  rows: number;
}

/**
 * A sparse index of lists (the attempts of an endpoint, the messages of an application) by the traits of their rows. An
 * index entry for each row and trait would cost the hot path more than storing the row does. Here a list is divided into
 * stretches of some 64 rows, and one line is stored for each: where it begins and which traits are found in it. A filter reads
 * the lines, of which there are few, and only the rows of stretches that have what it wants.
 *
 * The line of the last stretch is stored without traits, which means "not known, look at the rows", and gets them when the
 * next one begins; so after a crash all that is lost is that some stretches are looked at in vain. Rows come in
 * the order of their numbers, with rare exceptions: their traits are added to the stretch where they belong.
 */
export class Stretches {
  readonly #open = new Map<Seq, Open>();
  /** The greatest number that was marked, or in use before. */
  #newest: Seq;
  readonly #db: Database;
  readonly #begun: Statement;
  readonly #ended: Statement;
  readonly #added: Statement;
  readonly #startOf: Statement<{ start: number }, [number, number]>;
  readonly #endOf: Statement<{ start: number }, [number, number]>;

  /** `newest` is the greatest number in use. `limits` are for tests. */
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
    // What was stored since the commit before is not there any more.
    committer.onRollback(() => this.#open.clear());
  }

  /** Enters a row of a list. To be called in the commit that stores the row. */
  mark(list: Seq, seq: Seq, traits: readonly Trait[]): void {
    const open = this.#openFor(list, seq);
    if (open === null) this.#add(list, seq, traits);
    else for (const one of traits) open.traits.add(one);
  }

  /** Stores what is known of the last stretches, for a stop in good order. */
  close(): void {
    for (const [list, open] of this.#open) this.#end(list, open);
    this.#open.clear();
  }

  /** The last stretch, or a new one; null when the row does not belong at the end of the list. */
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
   * The parts of a list that may hold rows with all of `terms`; in the direction of travel, none twice, all within `within`. An
   * empty range is a piece of the search that found nothing, told so that the work can be bounded.
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

  /** Where the stretch begins that holds this number. */
  #beginning(list: Seq, seq: Seq): Seq {
    return this.#startOf.get(list, seq)?.start ?? seq;
  }
}

/** Goes from line to line. */
class Search {
  readonly #bound: Statement<{ start: number }, [Bindings]>;
  readonly #next: Next;
  #known: Seq | null = null;

  constructor(
    db: Database,
    private readonly list: Seq,
    terms: Terms,
    private readonly direction: Direction,
  ) {
    const lines = "FROM stretch WHERE list_seq = $list AND start >= $from AND start < $to";
    const order = `ORDER BY start ${direction}`;
    const way = terms.flat().length > CHOICES_MAX ? "byReading" : "bySql";
    this.#bound = db.query(`SELECT start ${lines} ${order} LIMIT 1 OFFSET ${LINES_AT_ONCE[way]}`);
    this.#next = WAYS[way](db, terms, lines, order);
  }

  /** How far to look before telling: a number within `from` and `to`. */
  bound(from: Seq, to: Seq): Seq {
    const { list, direction } = this;
    if (this.#known !== null && this.#known > from && this.#known < to) return this.#known;
    this.#known = this.#bound.get({ list, from, to })?.start ?? (direction === "DESC" ? from : to);
    return this.#known;
  }

  /** The nearest stretch that begins in a range and may have what is wanted. */
  next(range: Range): Seq | null {
    return this.#next({ list: this.list, ...range });
  }
}

type Bindings = Record<string, string | number>;
type Next = (range: Range & { readonly list: Seq }) => Seq | null;

function bySql(db: Database, terms: Terms, lines: string, order: string): Next {
  const choices = Object.fromEntries(terms.flat().map((one, i) => [`t${i}`, textOf([one])]));
  let count = 0;
  const conditions = terms.map((term) => `(${term.map(() => `instr(traits, $t${count++})`).join(" OR ")})`);
  const next = db.query<{ start: number }, [Bindings]>(
    `SELECT start ${lines} AND (traits IS NULL OR (${conditions.join(" AND ")})) ${order} LIMIT 1`,
  );
  return (range) => next.get({ ...range, ...choices })?.start ?? null;
}

function byReading(db: Database, terms: Terms, lines: string, order: string): Next {
  const choices = terms.map((term) => new Set(term.map((one) => textOf([one]).slice(1, -1))));
  const next = db.query<{ start: number; traits: string | null }, [Bindings]>(`SELECT start, traits ${lines} ${order}`);
  return (range) => {
    for (const { start, traits } of next.iterate({ ...range })) {
      if (traits === null) return start;
      const there = traits.split("|");
      if (choices.every((choice) => there.some((one) => choice.has(one)))) return start;
    }
    return null;
  };
}

const WAYS = { bySql, byReading } as const;

/** Traits as they are stored: each between bars, so that a whole one is found and not a part. */
function textOf(traits: Iterable<Trait>): string {
  let text = "";
  for (const one of traits) text += typeof one === "number" ? `|#${one}|` : `|${one}|`;
  return text;
}
