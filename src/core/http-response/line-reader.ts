const LF = 10;
const CR = 13;
const CARRY_BYTES_MIN = 256;
const EMPTY = new Uint8Array(0);

/**
 * Finds the lines in a stream that arrives in pieces. A line ends with LF or CRLF (RFC 9112, 2.2).
 * A line is copied only if it spans several pieces.
 */
export class LineReader {
  /**
   * Contains the line from `start` to `end`. Valid until the next `read`. A line that is too long
   * is truncated.
   */
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;
  /** Length of the whole line without its LF. */
  length = 0;
  isTooLong = false;
  #carry = EMPTY;
  #isPartial = false;

  /**
   * Reads from position `at` of `piece`. Returns the position after the line, or -1 if the line is
   * not complete. In that case `bytes` contains the beginning of the line, with its CR if one has
   * arrived. Keeps at most `bytesMax` bytes of a line.
   */
  read(piece: Uint8Array, at: number, bytesMax: number): number {
    const found = piece.indexOf(LF, at);
    const to = found < 0 ? piece.byteLength : found;
    if (this.#isPartial || found < 0) this.#carryOn(piece, at, to, bytesMax);
    else this.#take(piece, at, to, bytesMax);
    this.#isPartial = found < 0;
    if (found < 0) return -1;
    if (!this.isTooLong && this.end > this.start && this.bytes[this.end - 1] === CR) this.end -= 1;
    return found + 1;
  }

  #take(piece: Uint8Array, from: number, to: number, bytesMax: number): void {
    this.length = to - from;
    this.isTooLong = this.length > bytesMax;
    this.bytes = piece;
    this.start = from;
    this.end = this.isTooLong ? from + bytesMax : to;
  }

  #carryOn(piece: Uint8Array, from: number, to: number, bytesMax: number): void {
    const before = this.#isPartial ? this.end : 0;
    const length = (this.#isPartial ? this.length : 0) + (to - from);
    const kept = Math.min(length, bytesMax);
    if (kept > this.#carry.byteLength) this.#grow(kept, before);
    this.#carry.set(piece.subarray(from, from + kept - before), before);
    this.length = length;
    this.isTooLong = length > bytesMax;
    this.bytes = this.#carry;
    this.start = 0;
    this.end = kept;
  }

  #grow(bytes: number, used: number): void {
    const carry = new Uint8Array(Math.max(bytes, 2 * this.#carry.byteLength, CARRY_BYTES_MIN));
    carry.set(this.#carry.subarray(0, used));
    this.#carry = carry;
  }
}
