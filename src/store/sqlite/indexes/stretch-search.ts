import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Direction, Range } from "../../sql/range.ts";
import { type Terms, textOf } from "./trait.ts";

/**
 * Maximum number of traits that SQLite compares. For more traits, comparing them in TypeScript is
 * faster.
 */
const CHOICES_MAX = 8;
/**
 * Number of index rows that one step of a search reads, depending on whether SQLite or TypeScript
 * compares the traits.
 */
const LINES_AT_ONCE = { bySql: 300, byReading: 30 } as const;

/** A search in the index rows of a list. */
export class Search {
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

  /** Returns the end of the search's next step, between `from` and `to`. */
  bound(from: Seq, to: Seq): Seq {
    const { list, direction } = this;
    if (this.#known !== null && this.#known > from && this.#known < to) return this.#known;
    this.#known = this.#bound.get({ list, from, to })?.start ?? (direction === "DESC" ? from : to);
    return this.#known;
  }

  /** Returns the start of the range's next stretch that may match, or null if there is none. */
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
      const there = traits.slice(1, -1).split("||");
      if (choices.every((choice) => there.some((one) => choice.has(one)))) return start;
    }
    return null;
  };
}

const WAYS = { bySql, byReading } as const;
