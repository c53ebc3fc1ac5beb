import type { Seq } from "../../../core/id.ts";

/**
 * An entry of an index of keys, in memory and in the tables, begins with these 24 bytes:
 *
 *  0  the first 16 bytes of the key's SHA-256
 * 16  the number of the key's message (64-bit float, little-endian); -1 if the key was taken back
 *
 * The rest of it belongs to the owner of the index.
 */
export const ENTRY_BYTES_MIN = 24;
export const KEY_BYTES = 16;
const KEY_WORDS = KEY_BYTES / 4;
const SEQ_FLOAT = 2;
export const TAKEN_BACK = -1;

/** The first 16 bytes of a key as 32-bit words. */
export type KeyWords = readonly [number, number, number, number];

/** Entries that lie one after another, read as bytes, 32-bit words and 64-bit floats. */
export class Entries {
  readonly words: Uint32Array;
  readonly floats: Float64Array;

  private constructor(
    readonly bytes: Uint8Array,
    readonly entryBytes: number,
  ) {
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    this.floats = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  }

  static of(count: number, entryBytes: number): Entries {
    return new Entries(new Uint8Array(count * entryBytes), entryBytes);
  }

  /** Reads stored entries. Copies them if they are not aligned for floats. */
  static from(bytes: Uint8Array, entryBytes: number): Entries {
    return new Entries(bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes), entryBytes);
  }

  get count(): number {
    return this.bytes.length / this.entryBytes;
  }

  /** Copies an entry of `from`, which must have the same size. */
  copy(from: Entries, fromIndex: number, index: number): void {
    const size = this.entryBytes / 4;
    const { words } = this;
    for (let i = 0, at = index * size, fromAt = fromIndex * size; i < size; i++)
      words[at + i] = from.words[fromAt + i]!;
  }

  /** Returns the bytes of the first entries. */
  first(count: number): Uint8Array {
    return this.bytes.subarray(0, count * this.entryBytes);
  }

  seqOf(index: number): Seq {
    return this.floats[(index * this.entryBytes) / 8 + SEQ_FLOAT]!;
  }

  setSeq(index: number, seq: Seq): void {
    this.floats[(index * this.entryBytes) / 8 + SEQ_FLOAT] = seq;
  }

  setKey(index: number, key: Uint8Array): void {
    const at = index * this.entryBytes;
    for (let i = 0; i < KEY_BYTES; i++) this.bytes[at + i] = key[i]!;
  }

  /** Returns the first 48 bits of a key as a number, by which the keys on disk are ordered. */
  prefixOf(index: number): number {
    return prefixOf(this.bytes, index * this.entryBytes);
  }

  isKey(index: number, key: KeyWords): boolean {
    const { words } = this;
    const at = (index * this.entryBytes) / 4;
    return words[at] === key[0] && words[at + 1] === key[1] && words[at + 2] === key[2] && words[at + 3] === key[3];
  }

  /** Whether an entry has the same key as one of `other`. */
  isSame(index: number, other: Entries, otherIndex: number): boolean {
    const at = (index * this.entryBytes) / 4;
    const otherAt = (otherIndex * other.entryBytes) / 4;
    for (let i = 0; i < KEY_WORDS; i++) if (this.words[at + i] !== other.words[otherAt + i]) return false;
    return true;
  }

  wordsOf(index: number): KeyWords {
    const at = (index * this.entryBytes) / 4;
    return [this.words[at]!, this.words[at + 1]!, this.words[at + 2]!, this.words[at + 3]!];
  }
}

/** One of some entries. */
export interface Entry {
  readonly entries: Entries;
  readonly index: number;
}

/** Says whether an entry is still needed at a time. */
export type IsLive = (entries: Entries, index: number, now: number) => boolean;

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
