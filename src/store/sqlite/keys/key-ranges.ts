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
  #merged: Entries;

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
    this.#merged = Entries.of(this.#countMax * 2, entryBytes);
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
      const stored = row === null ? Entries.of(0, this.entryBytes) : this.#entriesOf(row);
      const merged = this.#mergedWith(stored.count + to - from);
      let count = 0;
      for (let i = 0; i < stored.count; i++) {
        if (!this.isLive(stored, i, now) || isReplaced(stored, i, added, order, from, to)) continue;
        merged.copy(stored, i, count++);
      }
      for (let i = from; i < to; i++) merged.copy(added, order[i]!, count++);
      this.#write(row?.start ?? 0, merged, count);
      from = to;
    }
  }

  /** Returns entries of which the first `count` may be overwritten. They are used again. */
  #mergedWith(count: number): Entries {
    if (count > this.#merged.count) this.#merged = Entries.of(count, this.entryBytes);
    return this.#merged;
  }

  #write(start: number, entries: Entries, count: number): void {
    if (count <= this.#countMax) {
      this.#put.run(start, entries.first(count));
      return;
    }
    const prefixes = Float64Array.from({ length: count }, (_, index) => entries.prefixOf(index));
    const order = Array.from(prefixes.keys()).sort((a, b) => prefixes[a]! - prefixes[b]!);
    for (let from = 0; from < count; ) {
      let to = Math.min(from + this.#countOfPart, count);
      // Keys with the same prefix must be in the same range.
      while (to < count && prefixes[order[to]!] === prefixes[order[to - 1]!]) to++;
      const part = Entries.of(to - from, this.entryBytes);
      for (let i = from; i < to; i++) part.copy(entries, order[i]!, i - from);
      this.#put.run(from === 0 ? start : prefixes[order[from]!]!, part.bytes);
      from = to;
    }
  }

  /** Returns up to `limit` ranges whose start is at least `from`. */
  read(from: number, limit: number): readonly Range[] {
    return this.#from.all(from, limit).map((row) => ({ start: row.start, entries: this.#entriesOf(row) }));
  }

  /** Removes the dead entries of a range if there are many. Returns their number. Must be called within a commit. */
  prune({ start, entries }: Range, now: number): number {
    const kept = this.#mergedWith(entries.count);
    let count = 0;
    for (let i = 0; i < entries.count; i++) if (this.isLive(entries, i, now)) kept.copy(entries, i, count++);
    const dead = entries.count - count;
    if (dead === 0 || dead < entries.count * DEAD_MIN) return 0;
    // The range before takes over the keys of a range without a row.
    if (count === 0) this.#delete.run(start);
    else this.#put.run(start, kept.first(count));
    return dead;
  }

  #entriesOf({ entries }: RangeRow): Entries {
    return Entries.from(entries, this.entryBytes);
  }
}

/** Whether one of the added entries from `from` to `to` has the key of a stored one. */
function isReplaced(
  stored: Entries,
  index: number,
  added: Entries,
  order: readonly number[],
  from: number,
  to: number,
): boolean {
  for (let i = from; i < to; i++) if (stored.isSame(index, added, order[i]!)) return true;
  return false;
}
