import { createHash } from "node:crypto";
import type { Seq } from "../../core/id.ts";

/** Number of 32-bit words in a hash. */
const WORDS = 6;

/**
 * A keyed hash of sequence numbers. It is evenly distributed and takes some ns, because it is computed
 * for each message and attempt. It is not cryptographic.
 */
export class SeqHash {
  readonly #lowKeys: Uint32Array;
  readonly #highKeys: Uint32Array;

  constructor(key: Uint8Array) {
    const digest = createHash("sha384").update(key).digest();
    const keys = Uint32Array.from({ length: 2 * WORDS }, (_, i) => digest.readUInt32LE(4 * i));
    this.#lowKeys = keys.subarray(0, WORDS);
    this.#highKeys = keys.subarray(WORDS);
  }

  /** Returns a word of the hash, as an unsigned integer. `index` is 0 to 5. */
  word(seq: Seq, index: number): number {
    // Bitwise operators see the low 32 bits of a number.
    const low = mixed(seq ^ this.#lowKeys[index]!);
    return mixed(low ^ Math.floor(seq / 2 ** 32) ^ this.#highKeys[index]!) >>> 0;
  }
}

/** The finalizer of MurmurHash3. Each bit of the result depends on each bit of the value. */
function mixed(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Returns the 8 hex digits of an unsigned 32-bit integer. */
export function hexWord(word: number): string {
  return HEX[word >>> 24]! + HEX[(word >>> 16) & 0xff]! + HEX[(word >>> 8) & 0xff]! + HEX[word & 0xff]!;
}
