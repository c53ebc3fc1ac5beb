import type { Database, Statement } from "bun:sqlite";
import { ENTRY_BYTES, Entries, type FoundKey, type KeyWords, prefixOf } from "./entry.ts";

/** A range with more entries is divided. So many fill a page of the database. */
const ENTRIES_MAX = 96;
/** Number of entries in each part of a divided range. */
const ENTRIES_OF_PART = 68;

interface RangeRow {
  start: number;
  entries: Uint8Array;
}

interface RangeBefore extends RangeRow {
  /** Start of the next range; null after the last range. */
  next: number | null;
}

/**
 * The older keys of messages, on disk. Each row holds the entries of all keys whose prefix is at least
 * `start` and less than the `start` of the next row: one row per page, like the leaves of a B-tree. A row
 * and an entry of an index per key would take more bytes and change more pages.
 */
export class KeyRanges {
  readonly #rangeOf: Statement<RangeBefore, [number]>;
  readonly #firstAfter: Statement<{ start: number }, [number]>;
  readonly #from: Statement<RangeRow, [number, number]>;
  readonly #put: Statement;
  readonly #delete: Statement;

  constructor(db: Database) {
    this.#rangeOf = db.prepare(
      `SELECT start, entries, (SELECT start FROM key_range WHERE start > ?1 ORDER BY start LIMIT 1) AS next
       FROM key_range WHERE start <= ?1 ORDER BY start DESC LIMIT 1`,
    );
    this.#firstAfter = db.prepare("SELECT start FROM key_range WHERE start > ?1 ORDER BY start LIMIT 1");
    this.#from = db.prepare("SELECT start, entries FROM key_range WHERE start >= ?1 ORDER BY start LIMIT ?2");
    this.#put = db.prepare("INSERT OR REPLACE INTO key_range (start, entries) VALUES (?1, ?2)");
    this.#delete = db.prepare("DELETE FROM key_range WHERE start = ?1");
  }

  /** Returns what is known about a key that has not expired, or null. */
  find(key: Uint8Array, words: KeyWords, now: number): FoundKey | null {
    const row = this.#rangeOf.get(prefixOf(key));
    if (row === null) return null;
    const entries = Entries.from(row.entries);
    for (let i = 0; i < entries.count; i++) {
      if (entries.isKey(i, words) && entries.expiryOf(i) > now) return entries.at(i);
    }
    return null;
  }

  /**
   * Adds entries, and removes those of the changed ranges that have expired. `order` has the indexes
   * of the new entries, by rising prefix. Must be called within a commit.
   */
  merge(added: Entries, order: readonly number[], now: number): void {
    for (let from = 0; from < order.length; ) {
      const prefix = added.prefixOf(order[from]!);
      const row = this.#rangeOf.get(prefix);
      const next = (row === null ? this.#firstAfter.get(prefix)?.start : row.next) ?? Number.POSITIVE_INFINITY;
      let to = from + 1;
      while (to < order.length && added.prefixOf(order[to]!) < next) to++;
      const fresh = order.slice(from, to).map((index) => bytesOf(added, index));
      const kept = row === null ? [] : keptOf(Entries.from(row.entries), added, order.slice(from, to), now);
      this.#write(row?.start ?? 0, [...kept, ...fresh]);
      from = to;
    }
  }

  #write(start: number, entries: Uint8Array[]): void {
    if (entries.length <= ENTRIES_MAX) {
      this.#put.run(start, joined(entries));
      return;
    }
    entries.sort((a, b) => prefixOf(a) - prefixOf(b));
    for (let from = 0; from < entries.length; ) {
      let to = Math.min(from + ENTRIES_OF_PART, entries.length);
      // Keys with the same prefix must be in the same range.
      while (to < entries.length && prefixOf(entries[to]!) === prefixOf(entries[to - 1]!)) to++;
      this.#put.run(from === 0 ? start : prefixOf(entries[from]!), joined(entries.slice(from, to)));
      from = to;
    }
  }

  /** Returns up to `limit` ranges whose start is at least `from`. */
  read(from: number, limit: number): readonly { readonly start: number; readonly entries: Entries }[] {
    return this.#from.all(from, limit).map(({ start, entries }) => ({ start, entries: Entries.from(entries) }));
  }

  /** Removes the expired entries of a range and returns their number. Must be called within a commit. */
  prune(start: number, entries: Entries, now: number): number {
    const kept: Uint8Array[] = [];
    for (let i = 0; i < entries.count; i++) if (entries.expiryOf(i) > now) kept.push(bytesOf(entries, i));
    const expired = entries.count - kept.length;
    if (expired === 0) return 0;
    // The range before takes over the keys of a range without a row.
    if (kept.length === 0) this.#delete.run(start);
    else this.#put.run(start, joined(kept));
    return expired;
  }
}

/** Returns the entries of a range that have not expired and are not replaced by added ones. */
function keptOf(entries: Entries, added: Entries, order: readonly number[], now: number): Uint8Array[] {
  const kept: Uint8Array[] = [];
  for (let i = 0; i < entries.count; i++) {
    if (entries.expiryOf(i) <= now) continue;
    const words = entries.wordsOf(i);
    if (!order.some((index) => added.isKey(index, words))) kept.push(bytesOf(entries, i));
  }
  return kept;
}

function bytesOf({ bytes }: Entries, index: number): Uint8Array {
  return bytes.subarray(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES);
}

function joined(entries: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES);
  entries.forEach((entry, i) => void bytes.set(entry, i * ENTRY_BYTES));
  return bytes;
}
