import { type Seq, seqAt, timeOfSeq } from "../../../core/id.ts";
import type { Database } from "../connection/database.ts";
import { stateOf } from "../connection/errors.ts";

export const DAY_MS = 86_400_000;
/** The tables that are divided by days. */
export const dividedTables = ["message", "ended", "attempt"] as const;
export type DividedTable = (typeof dividedTables)[number];
/** SQLSTATEs of a table that another instance has just created, or attached. */
const EXISTS: readonly string[] = ["42P07", "42710", "23505", "42809", "42P17"];

/** Returns the number of the day of a row. */
function dayOf(seq: Seq): number {
  return Math.floor(timeOfSeq(seq) / DAY_MS);
}

/** Returns the range of the sequence numbers of a day: from `from` (inclusive) to `to` (exclusive). */
export function rangeOfDay(day: number): { readonly from: Seq; readonly to: Seq } {
  return { from: seqAt(day * DAY_MS), to: seqAt((day + 1) * DAY_MS) };
}

/**
 * The day tables: the tables that only grow consist of one table for each day, which PostgreSQL calls a
 * partition. The time in the sequence number of a row decides to which day it belongs.
 */
export class Days {
  readonly #known = new Set<number>();

  constructor(private readonly database: Database) {}

  /** Returns whether the day tables for a row are known to exist. */
  has(seq: Seq): boolean {
    return this.#known.has(dayOf(seq));
  }

  /** Creates the day tables for rows with these sequence numbers. */
  async prepare(seqs: Iterable<Seq>): Promise<void> {
    const days = new Set<number>();
    for (const seq of seqs) if (!this.has(seq)) days.add(dayOf(seq));
    for (const day of days) {
      for (const table of dividedTables) await this.#create(table, day);
      this.#known.add(day);
    }
  }

  /** Returns the days of a table that end at or before a time, oldest first. */
  async before(table: DividedTable, before: number): Promise<readonly number[]> {
    const rows = await this.database.all<{ name: string }>(
      `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = $1::text::regclass`,
      [table],
    );
    return rows
      .map(({ name }) => Number(name.slice(table.length + 1)))
      .filter((day) => (day + 1) * DAY_MS <= before)
      .toSorted((a, b) => a - b);
  }

  /** States that day tables of a day have been dropped. */
  forget(day: number): void {
    this.#known.delete(day);
  }

  /** States that another instance has dropped day tables. */
  forgetAll(): void {
    this.#known.clear();
  }

  /**
   * Creates a table and attaches it. That locks the parent table less than creating it as a partition,
   * which would wait for all readers.
   */
  async #create(table: DividedTable, day: number): Promise<void> {
    const name = `${table}_${day}`;
    const attached = await this.database.first(
      `SELECT 1 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = $1::text::regclass AND c.relname = $2`,
      [table, name],
    );
    if (attached !== null) return;
    const { from, to } = rangeOfDay(day);
    await this.#unlessExists(`CREATE TABLE ${name} (LIKE ${table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
    await this.#unlessExists(`ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${to})`);
  }

  async #unlessExists(sql: string): Promise<void> {
    try {
      await this.database.run(sql);
    } catch (error) {
      if (!EXISTS.includes(stateOf(error))) throw error;
    }
  }
}
