import type { Seq } from "../../../core/id.ts";

/**
 * The layout of one key of a message in 40 bytes, in memory and in the tables `key_log` and
 * `key_range`:
 *
 *  0  the first 16 bytes of the key's SHA-256
 * 16  the message's number (64-bit float, little-endian)
 * 24  the instant at which the key expires, in ms (64-bit float, little-endian)
 * 32  the 8-byte hash of the body; zero if the hash is not known
 */
export const ENTRY_BYTES = 40;
export const KEY_BYTES = 16;
export const ENTRY_WORDS = ENTRY_BYTES / 4;
export const ENTRY_FLOATS = ENTRY_BYTES / 8;
export const SEQ_FLOAT = 2;
export const EXPIRY_FLOAT = 3;
export const HASH_AT = 32;

/** A stored key of a message. */
export interface FoundKey {
  readonly messageSeq: Seq;
  /** In ms since the epoch. */
  readonly expiresAt: number;
  /** The 8-byte hash of the body, or null if it is not known. */
  readonly bodyHash: Uint8Array | null;
}

/** Entries that lie one after another, read as bytes, 32-bit words and 64-bit floats. */
export class Entries {
  readonly words: Uint32Array;
  readonly floats: Float64Array;

  private constructor(readonly bytes: Uint8Array) {
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    this.floats = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  }

  static of(count: number): Entries {
    return new Entries(new Uint8Array(count * ENTRY_BYTES));
  }

  /** Reads stored entries. Copies them if they are not aligned for floats. */
  static from(bytes: Uint8Array): Entries {
    return new Entries(bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes));
  }

  get count(): number {
    return this.bytes.length / ENTRY_BYTES;
  }

  at(index: number): FoundKey {
    const from = index * ENTRY_BYTES + HASH_AT;
    const hash = this.bytes.slice(from, from + ENTRY_BYTES - HASH_AT);
    return {
      messageSeq: this.floats[index * ENTRY_FLOATS + SEQ_FLOAT]!,
      expiresAt: this.expiryOf(index),
      bodyHash: hash.some((byte) => byte !== 0) ? hash : null,
    };
  }

  expiryOf(index: number): number {
    return this.floats[index * ENTRY_FLOATS + EXPIRY_FLOAT]!;
  }

  /** Returns the first 48 bits of a key as a number, by which the keys on disk are ordered. */
  prefixOf(index: number): number {
    return prefixOf(this.bytes, index * ENTRY_BYTES);
  }

  isKey(index: number, key: KeyWords): boolean {
    const { words } = this;
    const at = index * ENTRY_WORDS;
    return words[at] === key[0] && words[at + 1] === key[1] && words[at + 2] === key[2] && words[at + 3] === key[3];
  }

  wordsOf(index: number): KeyWords {
    const at = index * ENTRY_WORDS;
    return [this.words[at]!, this.words[at + 1]!, this.words[at + 2]!, this.words[at + 3]!];
  }
}

/** The first 16 bytes of a key as 32-bit words. */
export type KeyWords = readonly [number, number, number, number];

const scratch = new Uint8Array(KEY_BYTES);
const scratchWords = new Uint32Array(scratch.buffer);

export function wordsOf(key: Uint8Array): KeyWords {
  for (let at = 0; at < KEY_BYTES; at++) scratch[at] = key[at]!;
  return [scratchWords[0]!, scratchWords[1]!, scratchWords[2]!, scratchWords[3]!];
}

export function prefixOf(bytes: Uint8Array, at = 0): number {
  const high = ((bytes[at]! << 8) | bytes[at + 1]!) * 2 ** 32;
  const low = (bytes[at + 2]! << 24) | (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!;
  return high + (low >>> 0);
}
