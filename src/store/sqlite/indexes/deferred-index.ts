import type { Database, Statement } from "bun:sqlite";
import type { Fact } from "../../../core/fact.ts";
import type { Seq } from "../../../core/id.ts";
import type { Bindings } from "../../sql/page.ts";
import { type Direction, EVERYTHING, type Range } from "../../sql/range.ts";
import type { Committer } from "../commit/commit.ts";
import { EntryMover } from "./entry-mover.ts";
import { RecentRows } from "./recent-rows.ts";

/** Number of rows in memory at which they are added to the table of entries. They take 1 to 8 MB. */
const RECENT_MAX = 65_536;
/**
 * Number of entries that one commit adds if the move has `RECENT_MAX` rows. A commit may change as many
 * pages.
 */
const ENTRIES_AT_ONCE = 250;
/** Maximum number of recent rows that one query reads. */
const RECENT_AT_ONCE = 500;

/** What is indexed, and where the entries are stored. */
interface DeferredTables {
  readonly rows: string;
  readonly owner: string;
  /**
   * A table with the columns `owner` and `seq`. A trigger deletes the entries of deleted rows from it.
   */
  readonly entries: string;
  /** The name in `meta` of the last row whose entry is stored. */
  readonly storedTo: string;
}

/** The attempts of each endpoint. */
export const ENDPOINT_ATTEMPTS: DeferredTables = {
  rows: "attempt",
  owner: "endpoint_seq",
  entries: "endpoint_attempt",
  storedTo: "endpoint-attempts-to",
};

export interface DeferredIndexParts {
  readonly db: Database;
  readonly committer: Committer;
  /**
   * True for the server. A command that runs beside it keeps no rows in memory and stores each entry at
   * once.
   */
  readonly exclusive: boolean;
  readonly onFact: (fact: Fact) => void;
  readonly recentMax?: number;
}

/** The parts of a query that reads rows `t` of one owner. */
export interface RowSource {
  readonly from: string;
  /** What to read instead of `from` if only the numbers are needed. */
  readonly index: string;
  readonly where: string;
  /** The column by which the rows can be sorted at no cost. */
  readonly seq: string;
  readonly values: Bindings;
}

/**
 * An index of rows by owner and number. Storing the entry of each row at once would change one page of
 * the database per row if there are many owners, and the last pages of the index with each commit if
 * there are few. The entries of the newest rows are therefore in memory only. When there are many, they
 * are stored together, sorted: then each changed page takes several of them.
 *
 *     rows      11 12 13 14 15 16 17 | 18 19 20 21 22
 *     entries   all of them          | some             storedTo = 17
 *     memory                         | all of them
 *
 * After a start, the rows after `storedTo` are read from their table. If the process ended during a move,
 * some of them already have an entry; readers ignore these entries.
 */
export class DeferredIndex {
  /** The rows whose entries are being stored. Empty if none are. */
  #moving = new RecentRows();
  /** The rows after those in `#moving`. */
  #recent = new RecentRows();
  #storedTo: Seq;
  readonly #mover: EntryMover;
  readonly #insert: Statement;
  readonly #insertAll: Statement;
  readonly #setStoredTo: Statement;
  readonly #withoutEntry: Statement<{ seq: Seq }, [Seq, Seq, Seq]>;

  constructor(
    private readonly parts: DeferredIndexParts,
    private readonly tables: DeferredTables,
  ) {
    const { db, committer, exclusive, onFact } = parts;
    const { rows, owner, entries } = tables;
    this.#mover = new EntryMover({ move: () => this.#move(), entries, onFact });
    this.#insert = db.prepare(`INSERT OR IGNORE INTO ${entries} (${owner}, seq) VALUES (?, ?)`);
    // Some of the rows may have been rolled back or deleted.
    this.#insertAll = db.prepare(
      `INSERT OR IGNORE INTO ${entries} (${owner}, seq)
       SELECT t.${owner}, t.seq FROM json_each(?) j CROSS JOIN ${rows} t ON t.seq = j.value`,
    );
    this.#setStoredTo = db.prepare(
      "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    );
    this.#withoutEntry = db.prepare(`SELECT seq FROM ${rows} WHERE ${owner} = ? AND seq >= ? AND seq < ? ORDER BY seq`);
    const stored = db.query<{ value: string }, [string]>("SELECT value FROM meta WHERE name = ?").get(tables.storedTo);
    this.#storedTo = Number(stored?.value ?? 0);
    if (!exclusive) return;
    const newest = db.query<{ seq: Seq; owner: Seq }, [Seq]>(
      `SELECT seq, ${owner} AS owner FROM ${rows} WHERE seq > ?`,
    );
    for (const row of newest.iterate(this.#storedTo)) this.#recent.add(row.owner, row.seq);
    committer.onCommit(() => this.#committed());
  }

  /** Adds a row. Must be called in the commit that stores it. */
  add(owner: Seq, seq: Seq): void {
    // After the move under way, all rows up to `#moving.last` must have an entry. A row that comes too late
    // for the move therefore gets its entry at once.
    const isLate = seq <= this.#storedTo || seq <= this.#moving.last;
    if (isLate || !this.parts.exclusive) this.#insert.run(owner, seq);
    if (seq > this.#storedTo && this.parts.exclusive) (isLate ? this.#moving : this.#recent).add(owner, seq);
  }

  /** Yields sources of all rows of an owner in a range, in the direction of reading. */
  *read(owner: Seq, range: Range, direction: Direction): Generator<RowSource> {
    const bound = Math.min(range.to, this.#storedTo + 1);
    const stored = range.from < bound ? this.#storedIn(owner, { from: range.from, to: bound }) : null;
    const recent = this.#recentIn(owner, range);
    const portions = Math.ceil(recent.length / RECENT_AT_ONCE);
    if (stored !== null && direction === "ASC") yield stored;
    for (let i = 0; i < portions; i++) {
      const at = (direction === "ASC" ? i : portions - 1 - i) * RECENT_AT_ONCE;
      yield this.numbered(owner, recent.slice(at, at + RECENT_AT_ONCE));
    }
    if (stored !== null && direction === "DESC") yield stored;
  }

  /** Returns the source of those rows of an owner that have some numbers. */
  numbered(owner: Seq, seqs: readonly Seq[]): RowSource {
    const { rows, owner: column } = this.tables;
    return {
      ...{ from: `${rows} t`, index: `${rows} t` },
      where: `t.${column} = $owner AND t.seq IN (SELECT value FROM json_each($seqs))`,
      seq: "t.seq",
      values: { owner, seqs: JSON.stringify(seqs) },
    };
  }

  /** Returns the last row of an owner in a range, or null. */
  last(owner: Seq, range: Range = EVERYTHING): Seq | null {
    for (const { index, where, seq, values } of this.read(owner, range, "DESC")) {
      const row = this.parts.db
        .query<{ seq: Seq }, [Bindings]>(
          `SELECT ${seq} AS seq FROM ${index} WHERE ${where} ORDER BY ${seq} DESC LIMIT 1`,
        )
        .get(values);
      if (row !== null) return row.seq;
    }
    return null;
  }

  /** Counts the first `limit` rows of an owner in a range. `next` is the row after those, or null. */
  count(owner: Seq, range: Range, limit: number): { readonly count: number; readonly next: Seq | null } {
    const { db } = this.parts;
    let count = 0;
    for (const { index, where, seq, values } of this.read(owner, range, "ASC")) {
      const room = limit - count;
      const first = db.query<{ count: number }, [Bindings]>(
        `SELECT COUNT(*) AS count FROM (SELECT 1 FROM ${index} WHERE ${where} LIMIT $limit)`,
      );
      const found = first.get({ ...values, limit: room + 1 })!.count;
      if (found > room) {
        const next = db.query<{ seq: Seq }, [Bindings]>(
          `SELECT ${seq} AS seq FROM ${index} WHERE ${where} ORDER BY ${seq} LIMIT 1 OFFSET $offset`,
        );
        return { count: limit, next: next.get({ ...values, offset: room })!.seq };
      }
      count += found;
    }
    return { count, next: null };
  }

  #storedIn(owner: Seq, range: Range): RowSource {
    const { entries, rows, owner: column } = this.tables;
    return {
      from: `${entries} i CROSS JOIN ${rows} t ON t.seq = i.seq`,
      index: `${entries} i`,
      where: `i.${column} = $owner AND i.seq >= $from AND i.seq < $to`,
      seq: "i.seq",
      values: { owner, ...range },
    };
  }

  /** Returns the rows in a range whose entries need not be stored yet. */
  #recentIn(owner: Seq, { from, to }: Range): readonly Seq[] {
    const range = { from: Math.max(from, this.#storedTo + 1), to };
    if (range.from >= to) return [];
    if (!this.parts.exclusive) return this.#withoutEntry.all(owner, range.from, to).map(({ seq }) => seq);
    // All rows in `#recent` are after those in `#moving`.
    return this.#moving.in(owner, range).concat(this.#recent.in(owner, range));
  }

  #committed(): void {
    const { recentMax = RECENT_MAX } = this.parts;
    if (this.#recent.count >= recentMax || this.#moving.count > 0) this.#mover.start();
  }

  async #move(): Promise<void> {
    const { committer, recentMax = RECENT_MAX } = this.parts;
    if (this.#moving.count === 0) [this.#recent, this.#moving] = [this.#moving, this.#recent];
    // A move takes a limited number of commits, however many rows it has. Under load each commit also
    // stores new rows, so a move with more commits would leave more rows in memory than it moved.
    const times = Math.max(1, Math.ceil(this.#moving.count / recentMax));
    for (const seqs of this.#moving.portions(times * ENTRIES_AT_ONCE)) {
      await committer.write(() => this.#insertAll.run(JSON.stringify(seqs)), seqs.length);
    }
    const { last } = this.#moving;
    await committer.write(() => this.#setStoredTo.run(this.tables.storedTo, String(last)));
    this.#storedTo = last;
    this.#moving = new RecentRows();
  }
}
