import type { Database, Statement } from "bun:sqlite";
import type { Fact } from "../../../core/fact.ts";
import type { Seq } from "../../../core/id.ts";
import type { Clock } from "../../../ports.ts";
import type { Turns } from "../../turns.ts";
import type { Committer } from "../commit/commit.ts";
import { EntryMover } from "../indexes/entry-mover.ts";
import { Entries, type Entry, type IsLive, type KeyWords, wordsOf } from "./entry.ts";
import { inParts } from "./key-parts.ts";
import { KeyRanges } from "./key-ranges.ts";
import { KeySlab } from "./key-slab.ts";
import { RANGES_AT_ONCE, RangeFilter } from "./range-filter.ts";

/** Number of keys in memory at which they are moved to their ranges. They take 3 to 4 MB. */
const KEYS_MAX = 65_536;
/** Number of rows of the log that are deleted in one commit. */
const DELETED_AT_ONCE = 500;
/** A filter is filled again when it has this many times the keys that remain. */
const FILTER_EXCESS = 2;

/** Where an index is stored, and which of its entries are needed. */
export interface KeyTables {
  readonly log: string;
  readonly ranges: string;
  readonly entryBytes: number;
  readonly isLive: IsLive;
}

export interface KeyIndexParts {
  readonly db: Database;
  readonly committer: Committer;
  readonly turns: Turns;
  readonly clock: Pick<Clock, "now">;
  readonly onFact: (fact: Fact) => void;
  readonly keysMax?: number;
  /** See `KeyFilter`. */
  readonly filterLayersMax?: number | undefined;
}

/**
 * An index of messages by random keys. Adding each key to a table at once would change one page of the
 * database per key. The newest keys are therefore in memory and in a log that only grows at its end,
 * one row per commit. When there are many, they are moved to the ranges of the key space together:
 * then each changed page takes several of them.
 */
export class KeyIndex {
  /** The keys of the rows of the log that were not moved yet, and of the open transaction. */
  #recent: KeySlab;
  /** The keys that are being moved. Empty if none are. */
  #moving: KeySlab;
  /** Number of keys that had been added since the start when `#recent` and `#moving` got their first ones. */
  #recentFrom = 0;
  #movingFrom = 0;
  /** Number of keys of `#recent` that are in the log. The rest belong to the open transaction. */
  #logged = 0;
  #lastRow = 0;
  #lastMovingRow = 0;
  #isRead = false;
  /** Whether a rollback may have removed some messages of the open transaction. */
  #isInDoubt = false;
  #pruning = { from: 0, kept: 0, isRunning: false };
  /** Number of keys in the ranges when the last of them was pruned. */
  keptCount = 0;
  readonly #keysMax: number;
  readonly #isLive: IsLive;
  /** The keys on disk. */
  readonly ranges: KeyRanges;
  readonly #filter: RangeFilter;
  readonly #mover: EntryMover;
  readonly #append: Statement;
  readonly #deleteLog: Statement;
  readonly #log: Statement<{ seq: number; entries: Uint8Array }, []>;
  readonly #messageExists: Statement<unknown, [Seq]>;

  constructor(
    private readonly parts: KeyIndexParts,
    private readonly tables: KeyTables,
  ) {
    const { db, committer, onFact, keysMax = KEYS_MAX } = parts;
    const { log, entryBytes, isLive } = tables;
    this.#keysMax = keysMax;
    this.#isLive = (entries, index, now) => entries.seqOf(index) >= 0 && isLive(entries, index, now);
    this.#recent = new KeySlab(entryBytes);
    this.#moving = new KeySlab(entryBytes);
    this.ranges = new KeyRanges(db, tables.ranges, entryBytes, this.#isLive);
    this.#filter = new RangeFilter(this.ranges, parts.turns, parts.filterLayersMax);
    this.#mover = new EntryMover({ move: () => this.#move(), entries: tables.ranges, onFact });
    this.#append = db.prepare(`INSERT INTO ${log} (entries) VALUES (?)`);
    this.#deleteLog = db.prepare(
      `DELETE FROM ${log} WHERE seq IN (SELECT seq FROM ${log} WHERE seq <= ? ORDER BY seq LIMIT ?)`,
    );
    this.#log = db.prepare(`SELECT seq, entries FROM ${log} ORDER BY seq`);
    this.#messageExists = db.prepare("SELECT 1 FROM message WHERE seq = ?");
    committer.onCommitting(() => this.#appendToLog());
    committer.onRollback(() => {
      this.#isInDoubt = true;
    });
    committer.onCommit(() => this.#committed());
  }

  /** Returns the live entry of a key, or null. It is good until the next key is added. */
  find(key: Uint8Array, now: number): Entry | null {
    this.#prepare();
    const words = wordsOf(key);
    return (
      this.#inMemory(this.#recent, words, now) ??
      this.#inMemory(this.#moving, words, now) ??
      this.#onDisk(key, words, now)
    );
  }

  /**
   * Adds the key of a message that is stored, in place of an earlier entry of the key. The caller must set
   * the rest of the entry.
   */
  add(key: Uint8Array, messageSeq: Seq): Entry {
    this.#prepare();
    const index = this.#recent.add(key, wordsOf(key), messageSeq);
    return { entries: this.#recent.entries, index };
  }

  /** Stops the work in the background. */
  close(): void {
    this.#filter.close();
  }

  /** Number of keys that have been added since the start, without those of the open transaction. */
  get addedCount(): number {
    this.#prepare();
    return this.#recentFrom + this.#logged;
  }

  /** Number of the first key, in the order of addition, that may not be in the ranges yet. */
  get firstRecent(): number {
    return this.#moving.count > 0 ? this.#movingFrom : this.#recentFrom;
  }

  /** Returns the entry of the key that was added after `number` others. It is good until the next key is added. */
  added(number: number): Entry {
    const isRecent = number >= this.#recentFrom;
    const { entries } = isRecent ? this.#recent : this.#moving;
    return { entries, index: number - (isRecent ? this.#recentFrom : this.#movingFrom) };
  }

  #inMemory(slab: KeySlab, words: KeyWords, now: number): Entry | null {
    const { entries } = slab;
    const index = slab.find(words);
    return index >= 0 && this.#isLive(entries, index, now) ? { entries, index } : null;
  }

  #onDisk(key: Uint8Array, words: KeyWords, now: number): Entry | null {
    return this.#filter.mayHave(words) ? this.ranges.find(key, words, now) : null;
  }

  #prepare(): void {
    if (!this.#isRead) this.#read();
    if (this.#isInDoubt) this.#dropRolledBack();
  }

  #read(): void {
    this.#isRead = true;
    for (const { seq, entries } of this.#log.all()) {
      this.#recent.addAll(Entries.from(entries, this.tables.entryBytes));
      this.#lastRow = seq;
    }
    this.#logged = this.#recent.count;
    void this.#filter.fill();
  }

  /** A savepoint may have been rolled back alone. A key remains if its message is still stored. */
  #dropRolledBack(): void {
    this.#isInDoubt = false;
    const { entries, count } = this.#recent;
    for (let index = this.#logged; index < count; index++) {
      if (this.#messageExists.get(entries.seqOf(index)) === null) this.#recent.drop(index);
    }
  }

  #appendToLog(): void {
    const { entries, count } = this.#recent;
    if (count === this.#logged) return;
    if (this.#isInDoubt) this.#dropRolledBack();
    const { entryBytes } = this.tables;
    const bytes = entries.bytes.subarray(this.#logged * entryBytes, count * entryBytes);
    this.#lastRow = Number(this.#append.run(bytes).lastInsertRowid);
  }

  #committed(): void {
    this.#logged = this.#recent.count;
    if (this.#logged >= this.#keysMax || this.#moving.count > 0) this.#mover.start();
  }

  async #move(): Promise<void> {
    const { committer, clock } = this.parts;
    if (this.#moving.count === 0) {
      [this.#recent, this.#moving] = [this.#moving, this.#recent];
      this.#movingFrom = this.#recentFrom;
      this.#recentFrom += this.#moving.count;
      this.#logged = 0;
      this.#lastMovingRow = this.#lastRow;
    }
    const [moving, { entries, count }] = [this.#moving, this.#moving];
    const now = clock.now();
    const isNewest = (index: number) => moving.find(entries.wordsOf(index)) === index;
    const isWanted = (index: number) => this.#isLive(entries, index, now) && isNewest(index);
    for (const part of inParts(entries, count, isWanted)) {
      await committer.write(() => this.ranges.merge(entries, part, clock.now()), part.length);
      this.#filter.addAll(part.map((index) => entries.wordsOf(index)));
    }
    // The keys are found in their ranges from now on.
    let deleted: number;
    do {
      deleted = await committer.write(
        () => this.#deleteLog.run(this.#lastMovingRow, DELETED_AT_ONCE).changes,
        DELETED_AT_ONCE,
      );
    } while (deleted > 0);
    this.#moving.clear();
  }

  /**
   * Removes dead keys of some ranges. Begins with the first range if `isDue` is true, unless it has not
   * come to the last one yet. Returns the number of removed keys, and whether there are further ranges.
   * Must be called within a commit.
   */
  prune(now: number, isDue: boolean): { readonly deleted: number; readonly more: boolean } {
    if (!this.#pruning.isRunning && !isDue) return { deleted: 0, more: false };
    let { from, kept } = this.#pruning;
    const ranges = this.ranges.read(from, RANGES_AT_ONCE);
    let deleted = 0;
    for (const range of ranges) {
      const dead = this.ranges.prune(range, now);
      deleted += dead;
      kept += range.entries.count - dead;
    }
    const more = ranges.length === RANGES_AT_ONCE;
    if (more) from = ranges.at(-1)!.start + 1;
    else this.#pruned(kept);
    this.#pruning = more ? { from, kept, isRunning: true } : { from: 0, kept: 0, isRunning: false };
    return { deleted, more };
  }

  #pruned(kept: number): void {
    this.keptCount = kept;
    if (this.#isRead && this.#filter.count > FILTER_EXCESS * (kept + this.#keysMax)) void this.#filter.fill();
  }
}
