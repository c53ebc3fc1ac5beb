import { type Seq, seqAt, timeOfSeq } from "../../../core/id.ts";
import type { Database } from "../connection/database.ts";
import { stateOf } from "../connection/errors.ts";

export const DAY_MS = 86_400_000;
/** The tables with a partition for each day. */
export const dayTables = ["message", "ended", "attempt"] as const;
export type DayTable = (typeof dayTables)[number];
/** SQLSTATEs of a table that another instance has just created, or attached. */
const EXISTS: readonly string[] = ["42P07", "42710", "23505", "42809", "42P17"];

/** Returns the number of the day of a row. */
function dayOf(seq: Seq): number {
  return Math.floor(timeOfSeq(seq) / DAY_MS);
}

/** Returns the numbers of the rows of a day: from `from` (inclusive) to `to` (exclusive). */
export function rangeOfDay(day: number): { readonly from: Seq; readonly to: Seq } {
  return { from: seqAt(day * DAY_MS), to: seqAt((day + 1) * DAY_MS) };
}

/**
 * The partitions of the tables that only grow. Rows of one day are in one partition, by the time in
 * their number.
 */
export class Days {
  readonly #known = new Set<number>();

  constructor(private readonly database: Database) {}

  /** Returns whether the partition of a row is known to exist. */
  has(seq: Seq): boolean {
    return this.#known.has(dayOf(seq));
  }

  /** Creates the partitions for rows with these numbers. */
  async prepare(seqs: Iterable<Seq>): Promise<void> {
    const days = new Set<number>();
    for (const seq of seqs) if (!this.has(seq)) days.add(dayOf(seq));
    for (const day of days) {
      for (const table of dayTables) await this.#create(table, day);
      this.#known.add(day);
    }
  }

  /** Returns the days of a table that end at or before a time, oldest first. */
  async before(table: DayTable, before: number): Promise<readonly number[]> {
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

  /** States that partitions of a day have been dropped. */
  forget(day: number): void {
    this.#known.delete(day);
  }

  /** States that another instance has dropped partitions. */
  forgetAll(): void {
    this.#known.clear();
  }

  /**
   * Creates a table and attaches it. That locks the parent table less than creating it as a partition,
   * which would wait for all readers.
   */
  async #create(table: DayTable, day: number): Promise<void> {
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
