import type { KeyWords } from "./entry.ts";
import { hashOf } from "./key-hash.ts";

const FIRST_CAPACITY = 65_536;
const BITS_PER_KEY = 16;
/** Then the filter has room for 8 million keys and takes 16 MiB. */
const LAYERS_MAX = 7;

/**
 * A Bloom filter that grows: it says whether a key may be on disk. One to three percent of the keys
 * that are not on disk pass. Each layer has twice the size of the one before, so a key takes two to
 * four bytes of memory.
 */
export class KeyFilter {
  #layers: Layer[] = [new Layer(FIRST_CAPACITY)];
  /** Number of keys that were added, some of them perhaps several times. */
  count = 0;

  readonly #countMax: number;

  constructor(layersMax = LAYERS_MAX) {
    this.#countMax = FIRST_CAPACITY * (2 ** layersMax - 1);
  }

  /** Adds a key. Does nothing if the filter is full. */
  add(key: KeyWords): void {
    if (this.isFull) return;
    const hash = hashOf(key);
    let last = this.#layers.at(-1)!;
    if (last.count === last.capacity) {
      last = new Layer(last.capacity * 2);
      this.#layers.push(last);
    }
    last.add(hash, key);
    this.count++;
  }

  /** Whether the filter can take no more keys. It must not be asked any more then. */
  get isFull(): boolean {
    return this.count === this.#countMax;
  }

  mayHave(key: KeyWords): boolean {
    const hash = hashOf(key);
    for (const layer of this.#layers) if (layer.mayHave(hash, key)) return true;
    return false;
  }
}

/** Each key sets four bits in one word of 32 bits. */
class Layer {
  readonly #words;
  count = 0;

  constructor(readonly capacity: number) {
    this.#words = new Uint32Array((capacity * BITS_PER_KEY) / 32);
  }

  add(hash: number, key: KeyWords): void {
    const at = hash & (this.#words.length - 1);
    this.#words[at] = this.#words[at]! | bitsOf(hash, key);
    this.count++;
  }

  mayHave(hash: number, key: KeyWords): boolean {
    const bits = bitsOf(hash, key);
    return (this.#words[hash & (this.#words.length - 1)]! & bits) >>> 0 === bits;
  }
}

/** Returns the bits of a key. They depend on other parts of the key than its word does. */
function bitsOf(hash: number, key: KeyWords): number {
  const mixed = Math.imul(key[1] ^ (hash >>> 7), 0x9e37_79b1) >>> 0;
  return (
    ((1 << (mixed & 31)) |
      (1 << ((mixed >>> 5) & 31)) |
      (1 << ((mixed >>> 10) & 31)) |
      (1 << ((mixed >>> 15) & 31))) >>>
    0
  );
}
