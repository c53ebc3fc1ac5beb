import type { Seq } from "../../../core/id.ts";
import { Entries, type KeyWords, TAKEN_BACK } from "./entry.ts";
import { hashOf } from "./key-hash.ts";

const FIRST_CAPACITY = 1024;

/**
 * Keys in memory, in the order in which they were added, with a hash table to find them. All of them
 * are in a few arrays, because an object for each key would be work for the garbage collector.
 */
export class KeySlab {
  entries: Entries;
  count = 0;
  /** Index + 1 of an entry; 0 if the slot is free. At most half of the slots are used. */
  #slots = new Int32Array(FIRST_CAPACITY * 2);

  constructor(private readonly entryBytes: number) {
    this.entries = Entries.of(FIRST_CAPACITY, entryBytes);
  }

  /** Returns the index of the entry that was added last with this key, or -1. */
  find(key: KeyWords): number {
    return this.#slots[this.#slotOf(key)]! - 1;
  }

  /** Adds an entry and returns its index. The caller must set the bytes after the number. */
  add(key: Uint8Array, words: KeyWords, messageSeq: Seq): number {
    const index = this.#next();
    this.entries.setKey(index, key);
    this.entries.setSeq(index, messageSeq);
    this.#slots[this.#slotOf(words)] = index + 1;
    return index;
  }

  /** Adds stored entries. */
  addAll(stored: Entries): void {
    for (let i = 0; i < stored.count; i++) {
      const index = this.#next();
      this.entries.copy(stored, i, index);
      this.#slots[this.#slotOf(stored.wordsOf(i))] = index + 1;
    }
  }

  /** Takes an entry back. Removing it would break the chains of the hash table. */
  drop(index: number): void {
    this.entries.setSeq(index, TAKEN_BACK);
  }

  clear(): void {
    this.count = 0;
    this.#slots.fill(0);
  }

  #next(): number {
    if (this.count === this.entries.count) this.#grow();
    return this.count++;
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
    this.entries = Entries.of(smaller.count * 2, this.entryBytes);
    this.entries.bytes.set(smaller.bytes);
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let index = 0; index < this.count; index++) {
      this.#slots[this.#slotOf(this.entries.wordsOf(index))] = index + 1;
    }
  }
}
