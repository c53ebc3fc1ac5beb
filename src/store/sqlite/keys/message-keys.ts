import type { Seq } from "../../../core/id.ts";
import type { IdempotencyEntry } from "../../index.ts";
import { ENTRY_BYTES_MIN, type Entries, type Entry } from "./entry.ts";
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

  /** Adds the key of a message that the open transaction has stored. `get` must have returned null. */
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
