import { cutUtf8 } from "../text.ts";

const EMPTY = new Uint8Array(0);
/**
 * Maximum number of bytes for which a loop is faster than `set`. Most responses to webhooks are
 * shorter.
 */
const SHORT_BYTES = 64;

/** Collects the beginning of a body, up to a limit. */
export class BodyStart {
  #bytes = EMPTY;
  /**
   * Number of bytes kept. It is at most one more than the limit, because `cutUtf8` needs one more
   * byte to detect that the body is longer.
   */
  #length = 0;

  constructor(private readonly bytesMax: number) {}

  get isFull(): boolean {
    return this.#length > this.bytesMax;
  }

  /**
   * Adds the bytes of `piece` from `from` to `to`, as many as fit. `expected` is a hint: the number
   * of bytes still to come.
   */
  add(piece: Uint8Array, from: number, to: number, expected = 0): void {
    const end = Math.min(to, from + this.bytesMax + 1 - this.#length);
    if (end <= from) return;
    const length = this.#length + end - from;
    if (length > this.#bytes.byteLength) this.#grow(Math.max(length, Math.min(expected, this.bytesMax + 1)));
    if (end - from <= SHORT_BYTES) for (let i = from; i < end; i++) this.#bytes[this.#length + i - from] = piece[i]!;
    else this.#bytes.set(piece.subarray(from, end), this.#length);
    this.#length = length;
  }

  /** Returns at most `bytesMax` bytes, without splitting a character. */
  take(): Uint8Array {
    const isExact = this.#length === this.#bytes.byteLength;
    return cutUtf8(isExact ? this.#bytes : this.#bytes.subarray(0, this.#length), this.bytesMax);
  }

  #grow(bytes: number): void {
    const before = this.#bytes;
    this.#bytes = new Uint8Array(this.#length === 0 ? bytes : Math.max(bytes, 2 * this.#length));
    if (this.#length > 0) this.#bytes.set(before.subarray(0, this.#length));
  }
}
