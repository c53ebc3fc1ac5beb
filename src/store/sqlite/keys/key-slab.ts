import type { IdempotencyEntry } from "../../index.ts";
import {
  ENTRY_BYTES,
  ENTRY_FLOATS,
  Entries,
  EXPIRY_FLOAT,
  HASH_AT,
  KEY_BYTES,
  type KeyWords,
  SEQ_FLOAT,
} from "./entry.ts";
import { hashOf } from "./key-hash.ts";

const FIRST_CAPACITY = 1024;

/**
 * Keys in memory, in the order in which they were added, with a hash table to find them. All of them
 * are in a few arrays, because an object for each key would be work for the garbage collector.
 */
export class KeySlab {
  entries = Entries.of(FIRST_CAPACITY);
  count = 0;
  /** Index + 1 of an entry; 0 if the slot is free. At most half of the slots are used. */
  #slots = new Int32Array(FIRST_CAPACITY * 2);

  /** Returns the index of the entry that was added last with this key, or -1. */
  find(key: KeyWords): number {
    return this.#slots[this.#slotOf(key)]! - 1;
  }

  add({ key, expiresAt, bodyHash }: IdempotencyEntry, words: KeyWords, messageSeq: number): void {
    if (this.count === this.entries.count) this.#grow();
    const index = this.count++;
    const { bytes, floats } = this.entries;
    const at = index * ENTRY_BYTES;
    for (let i = 0; i < KEY_BYTES; i++) bytes[at + i] = key[i]!;
    floats[index * ENTRY_FLOATS + SEQ_FLOAT] = messageSeq;
    floats[index * ENTRY_FLOATS + EXPIRY_FLOAT] = expiresAt;
    if (bodyHash === null) bytes.fill(0, at + HASH_AT, at + ENTRY_BYTES);
    else for (let i = HASH_AT; i < ENTRY_BYTES; i++) bytes[at + i] = bodyHash[i - HASH_AT] ?? 0;
    this.#slots[this.#slotOf(words)] = index + 1;
  }

  /** Adds stored entries. */
  addAll(stored: Entries): void {
    for (let i = 0; i < stored.count; i++) {
      if (this.count === this.entries.count) this.#grow();
      const index = this.count++;
      this.entries.bytes.set(stored.bytes.subarray(i * ENTRY_BYTES, (i + 1) * ENTRY_BYTES), index * ENTRY_BYTES);
      this.#slots[this.#slotOf(stored.wordsOf(i))] = index + 1;
    }
  }

  /** Makes an entry expire. Removing it would break the chains of the hash table. */
  drop(index: number): void {
    this.entries.floats[index * ENTRY_FLOATS + EXPIRY_FLOAT] = 0;
  }

  clear(): void {
    this.count = 0;
    this.#slots.fill(0);
  }

  /** Returns the slot of the key, or the free slot in which it belongs. */
  #slotOf(key: KeyWords): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(key) & mask;
    for (;;) {
      const index = this.#slots[slot]! - 1;
      if (index < 0 || this.entries.isKey(index, key)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const smaller = this.entries;
    this.entries = Entries.of(smaller.count * 2);
    this.entries.bytes.set(smaller.bytes);
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let index = 0; index < this.count; index++) {
      this.#slots[this.#slotOf(this.entries.wordsOf(index))] = index + 1;
    }
  }
}
