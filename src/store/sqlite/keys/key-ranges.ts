import type { Database, Statement } from "bun:sqlite";
import { Entries, type Entry, type IsLive, type KeyWords, prefixOf } from "./entry.ts";

/** A range with more bytes of entries is divided. So many fill a page of the database. */
const RANGE_BYTES_MAX = 3840;
/** Share of `RANGE_BYTES_MAX` in each part of a divided range. */
const PART = 0.7;
/** A range is written again without its dead entries when they are at least this share of it. */
const DEAD_MIN = 1 / 8;

interface RangeRow {
  start: number;
  entries: Uint8Array;
}

interface RangeBefore extends RangeRow {
  /** Start of the next range; null after the last range. */
  next: number | null;
}

/** A range of the key space. */
export interface Range {
  readonly start: number;
  readonly entries: Entries;
}

/**
 * The older keys of an index, on disk. Each row holds the entries of all keys whose prefix is at least
 * `start` and less than the `start` of the next row: one row per page, like the leaves of a B-tree. A row
 * and an entry of an index per key would take more bytes and change more pages.
 */
export class KeyRanges {
  readonly #rangeOf: Statement<RangeBefore, [number]>;
  readonly #firstAfter: Statement<{ start: number }, [number]>;
  readonly #from: Statement<RangeRow, [number, number]>;
  readonly #put: Statement;
  readonly #delete: Statement;
  readonly #countMax: number;
  readonly #countOfPart: number;

  constructor(
    db: Database,
    table: string,
    private readonly entryBytes: number,
    private readonly isLive: IsLive,
  ) {
    this.#rangeOf = db.prepare(
      `SELECT start, entries, (SELECT start FROM ${table} WHERE start > ?1 ORDER BY start LIMIT 1) AS next
       FROM ${table} WHERE start <= ?1 ORDER BY start DESC LIMIT 1`,
    );
    this.#firstAfter = db.prepare(`SELECT start FROM ${table} WHERE start > ?1 ORDER BY start LIMIT 1`);
    this.#from = db.prepare(`SELECT start, entries FROM ${table} WHERE start >= ?1 ORDER BY start LIMIT ?2`);
    this.#put = db.prepare(`INSERT OR REPLACE INTO ${table} (start, entries) VALUES (?1, ?2)`);
    this.#delete = db.prepare(`DELETE FROM ${table} WHERE start = ?1`);
    this.#countMax = Math.floor(RANGE_BYTES_MAX / entryBytes);
    this.#countOfPart = Math.ceil(this.#countMax * PART);
  }

  /** Returns the live entry of a key, or null. */
  find(key: Uint8Array, words: KeyWords, now: number): Entry | null {
    const row = this.#rangeOf.get(prefixOf(key));
    if (row === null) return null;
    const entries = this.#entriesOf(row);
    for (let index = 0; index < entries.count; index++) {
      if (entries.isKey(index, words) && this.isLive(entries, index, now)) return { entries, index };
    }
    return null;
  }

  /**
   * Adds entries, and removes the dead ones of the changed ranges. `order` has the indexes of the new
   * entries, by rising prefix. Must be called within a commit.
   */
  merge(added: Entries, order: readonly number[], now: number): void {
    for (let from = 0; from < order.length; ) {
      const prefix = added.prefixOf(order[from]!);
      const row = this.#rangeOf.get(prefix);
      const next = (row === null ? this.#firstAfter.get(prefix)?.start : row.next) ?? Number.POSITIVE_INFINITY;
      let to = from + 1;
      while (to < order.length && added.prefixOf(order[to]!) < next) to++;
      const fresh = order.slice(from, to).map((index) => added.bytesOf(index));
      const kept = row === null ? [] : this.#keptOf(this.#entriesOf(row), added, order.slice(from, to), now);
      this.#write(row?.start ?? 0, [...kept, ...fresh]);
      from = to;
    }
  }

  /** Returns the live entries of a range that are not replaced by added ones. */
  #keptOf(entries: Entries, added: Entries, order: readonly number[], now: number): Uint8Array[] {
    const kept: Uint8Array[] = [];
    for (let i = 0; i < entries.count; i++) {
      if (!this.isLive(entries, i, now)) continue;
      const words = entries.wordsOf(i);
      if (!order.some((index) => added.isKey(index, words))) kept.push(entries.bytesOf(i));
    }
    return kept;
  }

  #write(start: number, entries: Uint8Array[]): void {
    if (entries.length <= this.#countMax) {
      this.#put.run(start, this.#joined(entries));
      return;
    }
    entries.sort((a, b) => prefixOf(a) - prefixOf(b));
    for (let from = 0; from < entries.length; ) {
      let to = Math.min(from + this.#countOfPart, entries.length);
      // Keys with the same prefix must be in the same range.
      while (to < entries.length && prefixOf(entries[to]!) === prefixOf(entries[to - 1]!)) to++;
      this.#put.run(from === 0 ? start : prefixOf(entries[from]!), this.#joined(entries.slice(from, to)));
      from = to;
    }
  }

  /** Returns up to `limit` ranges whose start is at least `from`. */
  read(from: number, limit: number): readonly Range[] {
    return this.#from.all(from, limit).map((row) => ({ start: row.start, entries: this.#entriesOf(row) }));
  }

  /** Removes the dead entries of a range if there are many. Returns their number. Must be called within a commit. */
  prune({ start, entries }: Range, now: number): number {
    const kept: Uint8Array[] = [];
    for (let i = 0; i < entries.count; i++) if (this.isLive(entries, i, now)) kept.push(entries.bytesOf(i));
    const dead = entries.count - kept.length;
    if (dead === 0 || dead < entries.count * DEAD_MIN) return 0;
    // The range before takes over the keys of a range without a row.
    if (kept.length === 0) this.#delete.run(start);
    else this.#put.run(start, this.#joined(kept));
    return dead;
  }

  #entriesOf({ entries }: RangeRow): Entries {
    return Entries.from(entries, this.entryBytes);
  }

  #joined(entries: readonly Uint8Array[]): Uint8Array {
    const bytes = new Uint8Array(entries.length * this.entryBytes);
    entries.forEach((entry, i) => void bytes.set(entry, i * this.entryBytes));
    return bytes;
  }
}
