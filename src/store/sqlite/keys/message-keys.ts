import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Clock } from "../../../ports.ts";
import type { IdempotencyEntry } from "../../index.ts";
import type { Turns } from "../../turns.ts";
import type { Committer } from "../commit.ts";
import { ENTRY_BYTES, Entries, type FoundKey, type KeyWords, wordsOf } from "./entry.ts";
import { KeyFilter } from "./key-filter.ts";
import { KeyRanges } from "./key-ranges.ts";
import { KeySlab } from "./key-slab.ts";

/** Number of keys in memory at which they are moved to their ranges. They take about 4 MB. */
const KEYS_MAX = 65_536;
/** Keys are moved in parts of the key space, each in a commit. A power of two, at most 256. */
const PARTS = 128;
/** Number of rows of the log that are deleted in one commit. */
const DELETED_AT_ONCE = 500;
/** Number of ranges that are read or pruned in one turn of the event loop. */
const RANGES_AT_ONCE = 64;
/** How long after its beginning a search for expired keys is repeated, in ms. */
const PRUNE_EVERY_MS = 10 * 60 * 1000;

/**
 * The idempotency keys of messages. Keys are random, so adding each of them to a table at once would
 * change one page of the database per key. The newest keys are therefore in memory and in a log that
 * only grows at its end, one row per commit. When there are many, they are moved to the ranges of
 * the key space together: then each changed page takes several of them.
 */
export class MessageKeys {
  /** The keys of the rows of the log that were not moved yet, and of the open transaction. */
  #recent = new KeySlab();
  /** The keys that are being moved. Empty if none are. */
  #moving = new KeySlab();
  /** Number of keys of `#recent` that are in the log. The rest belong to the open transaction. */
  #logged = 0;
  #lastRow = 0;
  #lastMovingRow = 0;
  #isRead = false;
  /** Whether a rollback may have removed some messages of the open transaction. */
  #isInDoubt = false;
  #isMoving = false;
  #filter = new KeyFilter();
  /** Whether the filter has all keys of the ranges. */
  #isFiltering = false;
  #isClosed = false;
  #pruning = { from: 0, startedAt: Number.NEGATIVE_INFINITY, isRunning: false };
  readonly #ranges: KeyRanges;
  readonly #append: Statement;
  readonly #deleteLog: Statement;
  readonly #log: Statement<{ seq: number; entries: Uint8Array }, []>;
  readonly #messageExists: Statement<unknown, [Seq]>;

  constructor(
    db: Database,
    private readonly committer: Committer,
    private readonly turns: Turns,
    private readonly clock: Pick<Clock, "now">,
    private readonly keysMax = KEYS_MAX,
  ) {
    this.#ranges = new KeyRanges(db);
    this.#append = db.prepare("INSERT INTO key_log (entries) VALUES (?)");
    this.#deleteLog = db.prepare(
      "DELETE FROM key_log WHERE seq IN (SELECT seq FROM key_log WHERE seq <= ? ORDER BY seq LIMIT ?)",
    );
    this.#log = db.prepare("SELECT seq, entries FROM key_log ORDER BY seq");
    this.#messageExists = db.prepare("SELECT 1 FROM message WHERE seq = ?");
    committer.onCommitting(() => this.#appendToLog());
    committer.onRollback(() => {
      this.#isInDoubt = true;
    });
    committer.onCommit(() => this.#committed());
  }

  /** Returns what is known about a key that has not expired, or null. */
  get(key: Uint8Array, now: number): FoundKey | null {
    this.#prepare();
    const words = wordsOf(key);
    return (
      this.#inMemory(this.#recent, words, now) ??
      this.#inMemory(this.#moving, words, now) ??
      this.#onDisk(key, words, now)
    );
  }

  /** Adds the key of a message that the open transaction has stored. `get` must have returned null. */
  add(entry: IdempotencyEntry, messageSeq: Seq): void {
    this.#prepare();
    this.#recent.add(entry, wordsOf(entry.key), messageSeq);
  }

  /** Stops the work in the background. */
  close(): void {
    this.#isClosed = true;
  }

  #inMemory(slab: KeySlab, words: KeyWords, now: number): FoundKey | null {
    const index = slab.find(words);
    return index >= 0 && slab.entries.expiryOf(index) > now ? slab.entries.at(index) : null;
  }

  #onDisk(key: Uint8Array, words: KeyWords, now: number): FoundKey | null {
    return this.#isFiltering && !this.#filter.mayHave(words) ? null : this.#ranges.find(key, words, now);
  }

  #prepare(): void {
    if (!this.#isRead) this.#read();
    if (this.#isInDoubt) this.#dropRolledBack();
  }

  #read(): void {
    this.#isRead = true;
    for (const { seq, entries } of this.#log.all()) {
      this.#recent.addAll(Entries.from(entries));
      this.#lastRow = seq;
    }
    this.#logged = this.#recent.count;
    void this.#fillFilter();
  }

  /** A savepoint may have been rolled back alone. A key remains if its message is still stored. */
  #dropRolledBack(): void {
    this.#isInDoubt = false;
    const { entries, count } = this.#recent;
    for (let index = this.#logged; index < count; index++) {
      if (this.#messageExists.get(entries.at(index).messageSeq) === null) this.#recent.drop(index);
    }
  }

  #appendToLog(): void {
    if (this.#recent.count === this.#logged) return;
    if (this.#isInDoubt) this.#dropRolledBack();
    const bytes = this.#recent.entries.bytes.subarray(this.#logged * ENTRY_BYTES, this.#recent.count * ENTRY_BYTES);
    this.#lastRow = Number(this.#append.run(bytes).lastInsertRowid);
  }

  #committed(): void {
    this.#logged = this.#recent.count;
    if (this.#isMoving || (this.#logged < this.keysMax && this.#moving.count === 0)) return;
    this.#isMoving = true;
    this.#move()
      // The store has become unavailable. A later commit tries again.
      .catch(() => {})
      .finally(() => {
        this.#isMoving = false;
      });
  }

  async #move(): Promise<void> {
    if (this.#moving.count === 0) {
      [this.#recent, this.#moving] = [this.#moving, this.#recent];
      this.#logged = 0;
      this.#lastMovingRow = this.#lastRow;
    }
    const { entries, count } = this.#moving;
    for (const part of partsOf(entries, count, this.clock.now())) {
      await this.committer.write(() => this.#ranges.merge(entries, part, this.clock.now()), part.length);
      for (const index of part) this.#filter.add(entries.wordsOf(index));
    }
    // The keys are found in their ranges from now on.
    let deleted: number;
    do {
      deleted = await this.committer.write(
        () => this.#deleteLog.run(this.#lastMovingRow, DELETED_AT_ONCE).changes,
        DELETED_AT_ONCE,
      );
    } while (deleted > 0);
    this.#moving.clear();
  }

  /** Reads all ranges into the filter, in steps. */
  async #fillFilter(): Promise<void> {
    this.#isFiltering = false;
    const filter = new KeyFilter();
    this.#filter = filter;
    try {
      for (let from = 0; ; ) {
        const ranges = this.#ranges.read(from, RANGES_AT_ONCE);
        for (const { entries } of ranges) {
          for (let i = 0; i < entries.count; i++) filter.add(entries.wordsOf(i));
        }
        if (ranges.length < RANGES_AT_ONCE) break;
        from = ranges.at(-1)!.start + 1;
        await this.turns.next();
        if (this.#isClosed || this.#filter !== filter) return;
      }
    } catch {
      // The disk cannot be read. Keys are looked up on disk, which reports the error.
      return;
    }
    this.#isFiltering = true;
  }

  /**
   * Removes the expired keys of some ranges and returns their number, and whether there are further
   * ranges. Must be called within a commit.
   */
  prune(now: number): { readonly deleted: number; readonly more: boolean } {
    const { isRunning, startedAt } = this.#pruning;
    if (!isRunning && now - startedAt < PRUNE_EVERY_MS) return { deleted: 0, more: false };
    if (!isRunning) this.#pruning = { from: 0, startedAt: now, isRunning: true };
    const ranges = this.#ranges.read(this.#pruning.from, RANGES_AT_ONCE);
    let deleted = 0;
    for (const { start, entries } of ranges) deleted += this.#ranges.prune(start, entries, now);
    const more = ranges.length === RANGES_AT_ONCE;
    this.#pruning = { ...this.#pruning, from: more ? ranges.at(-1)!.start + 1 : 0, isRunning: more };
    return { deleted, more };
  }
}

/**
 * Divides the entries that have not expired by their first byte. Yields the indexes of each part by
 * rising prefix.
 */
function* partsOf(entries: Entries, count: number, now: number): Generator<readonly number[]> {
  const parts = Array.from({ length: PARTS }, (): number[] => []);
  for (let index = 0; index < count; index++) {
    if (entries.expiryOf(index) > now)
      parts[Math.floor((entries.bytes[index * ENTRY_BYTES]! * PARTS) / 256)]!.push(index);
  }
  for (const part of parts) {
    if (part.length === 0) continue;
    const prefixes = new Map(part.map((index) => [index, entries.prefixOf(index)]));
    part.sort((a, b) => prefixes.get(a)! - prefixes.get(b)!);
    yield part;
  }
}
