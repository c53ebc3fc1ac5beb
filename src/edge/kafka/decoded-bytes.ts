/** Thrown for compressed bytes that are invalid, or too large after decompression. */
export class InvalidBatch extends Error {
  override readonly name = "InvalidBatch";
}

/** The output of a decoder whose input refers to earlier output. */
export class DecodedBytes {
  #bytes = Buffer.alloc(0);
  #length = 0;

  constructor(private readonly bytesMax: number) {}

  /** Appends bytes of the input. */
  add(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Appends `count` bytes of the output again, from `distance` bytes before its end. They may overlap. */
  repeat(distance: number, count: number): void {
    if (distance <= 0 || distance > this.#length) throw new InvalidBatch("A compressed batch refers to missing bytes.");
    this.#reserve(count);
    const bytes = this.#bytes;
    const start = this.#length - distance;
    if (distance >= count) bytes.copyWithin(this.#length, start, start + count);
    else for (let i = 0; i < count; i++) bytes[this.#length + i] = bytes[start + i]!;
    this.#length += count;
  }

  result(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed > this.bytesMax) throw new InvalidBatch(`A batch has more than ${this.bytesMax} bytes.`);
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.min(this.bytesMax, Math.max(needed, 2 * this.#bytes.length)));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Reads bytes in their order. Every method throws `InvalidBatch` at the end of the input. */
export class EncodedBytes {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  get isAtEnd(): boolean {
    return this.#at >= this.bytes.length;
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  take(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.bytes.length) throw new InvalidBatch("A compressed batch ends early.");
    const taken = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** Reads a number of 1 to 4 bytes, the lowest first. */
  uint(byteCount: number): number {
    return this.take(byteCount).readUIntLE(0, byteCount);
  }
}
