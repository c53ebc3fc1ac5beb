import type { Seq } from "../../../core/id.ts";
import type { IdempotencyEntry } from "../../index.ts";
import { ENTRY_BYTES_MIN, type Entries, type Entry, KEY_BYTES } from "./entry.ts";
import { KeyIndex, type KeyIndexParts } from "./key-index.ts";

/**
 * What an entry of a message's idempotency key has after the key and the number:
 *
 * 24  the instant at which the key expires, in ms (64-bit float, little-endian)
 * 32  the 8-byte hash of the body; zero if the hash is not known
 */
export const MESSAGE_KEY_BYTES = ENTRY_BYTES_MIN + 16;
const EXPIRY_FLOAT = ENTRY_BYTES_MIN / 8;
const HASH_AT = ENTRY_BYTES_MIN + 8;

/** How long after its beginning a search for expired keys is repeated, in ms. */
const PRUNE_EVERY_MS = 10 * 60 * 1000;

/** A stored key of a message. */
export interface FoundKey {
  readonly messageSeq: Seq;
  /** In ms since the epoch. */
  readonly expiresAt: number;
  /** The 8-byte hash of the body, or null if it is not known. */
  readonly bodyHash: Uint8Array | null;
}

/** A stored key, as it moves to another installation. */
export interface StoredKey extends FoundKey {
  /** The part of the key that is stored. */
  readonly key: Uint8Array;
}

/** Some of the stored keys. */
export interface SomeKeys {
  readonly keys: readonly StoredKey[];
  /** Where the next ones begin. Null after the last range. */
  readonly next: number | null;
  /** Number of keys that were looked at. */
  readonly count: number;
}

/** Says whether the key of a message is wanted. */
type IsWanted = (messageSeq: Seq) => boolean;

/** The idempotency keys of messages. */
export class MessageKeys {
  readonly #index: KeyIndex;
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: KeyIndexParts) {
    this.#index = new KeyIndex(parts, {
      log: "key_log",
      ranges: "key_range",
      entryBytes: MESSAGE_KEY_BYTES,
      isLive: (entries, index, now) => expiryOf(entries, index) > now,
    });
  }

  /** Returns what is known about a key that has not expired, or null. */
  get(key: Uint8Array, now: number): FoundKey | null {
    const entry = this.#index.find(key, now);
    return entry === null ? null : foundIn(entry);
  }

  /** Number of keys that have been added since the start. */
  get addedCount(): number {
    return this.#index.addedCount;
  }

  /** Number of the first key, in the order of addition, that `recent` returns. The others are in the ranges. */
  get firstRecent(): number {
    return this.#index.firstRecent;
  }

  /** Looks at the keys that were added after the first `from`, up to the one with the number `to`. */
  recent({ from, to }: Record<"from" | "to", number>, isWanted: IsWanted, now: number): SomeKeys {
    const first = Math.max(from, this.firstRecent);
    const end = Math.max(first, to);
    const keys: StoredKey[] = [];
    for (let number = first; number < end; number++) {
      const entry = this.#index.added(number);
      if (isLive(entry, now) && isWanted(entry.entries.seqOf(entry.index))) keys.push(storedIn(entry));
    }
    return { keys, next: end, count: end - first };
  }

  /** Looks at the keys of some ranges, beginning with the range whose start is at least `from`. */
  ranges({ from, limit }: Record<"from" | "limit", number>, isWanted: IsWanted, now: number): SomeKeys {
    const keys: StoredKey[] = [];
    const ranges = this.#index.ranges.read(from, limit);
    let count = 0;
    for (const { entries } of ranges) {
      count += entries.count;
      for (let index = 0; index < entries.count; index++) {
        const entry = { entries, index };
        if (isLive(entry, now) && isWanted(entries.seqOf(index))) keys.push(storedIn(entry));
      }
    }
    return { keys, next: ranges.length < limit ? null : ranges.at(-1)!.start + 1, count };
  }

  /** Adds the key of a message that is stored, in place of what is known about the key. */
  add({ key, expiresAt, bodyHash }: IdempotencyEntry, messageSeq: Seq): void {
    const { entries, index } = this.#index.add(key, messageSeq);
    const { bytes, floats } = entries;
    const at = index * MESSAGE_KEY_BYTES;
    floats[at / 8 + EXPIRY_FLOAT] = expiresAt;
    if (bodyHash === null) bytes.fill(0, at + HASH_AT, at + MESSAGE_KEY_BYTES);
    else for (let i = HASH_AT; i < MESSAGE_KEY_BYTES; i++) bytes[at + i] = bodyHash[i - HASH_AT] ?? 0;
  }

  /**
   * Removes the expired keys of some ranges and returns their number, and whether there are further
   * ranges. Must be called within a commit.
   */
  prune(now: number): { readonly deleted: number; readonly more: boolean } {
    const isDue = now - this.#prunedAt >= PRUNE_EVERY_MS;
    if (isDue) this.#prunedAt = now;
    return this.#index.prune(now, isDue);
  }

  /** Stops the work in the background. */
  close(): void {
    this.#index.close();
  }
}

function foundIn({ entries, index }: Entry): FoundKey {
  const at = index * MESSAGE_KEY_BYTES;
  const hash = entries.bytes.slice(at + HASH_AT, at + MESSAGE_KEY_BYTES);
  return {
    messageSeq: entries.seqOf(index),
    expiresAt: expiryOf(entries, index),
    bodyHash: hash.some((byte) => byte !== 0) ? hash : null,
  };
}

function expiryOf(entries: Entries, index: number): number {
  return entries.floats[(index * MESSAGE_KEY_BYTES) / 8 + EXPIRY_FLOAT]!;
}

function storedIn(entry: Entry): StoredKey {
  const { bytes } = entry.entries;
  const at = entry.index * MESSAGE_KEY_BYTES;
  return { ...foundIn(entry), key: bytes.slice(at, at + KEY_BYTES) };
}

function isLive({ entries, index }: Entry, now: number): boolean {
  return entries.seqOf(index) >= 0 && expiryOf(entries, index) > now;
}
