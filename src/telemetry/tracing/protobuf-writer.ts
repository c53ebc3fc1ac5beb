const FIRST_BYTES = 16 * 1024;
/** Maximum size of a number or of a tag, in bytes. */
const NUMBER_BYTES_MAX = 10;

const WIRE = { varint: 0, fixed64: 1, length: 2 } as const;

/** Writes a message in the wire format of Protocol Buffers. https://protobuf.dev/programming-guides/encoding/ */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  /** Returns the bytes that have been written. They are valid until the next call. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** `value` is an integer from 0 to 2^53 - 1. */
  unsigned(field: number, value: number): void {
    this.#tag(field, WIRE.varint);
    this.#varint(value);
  }

  fixed64(field: number, value: bigint): void {
    this.#tag(field, WIRE.fixed64);
    this.#reserve(8);
    this.#length = this.#bytes.writeBigUInt64LE(value, this.#length);
  }

  text(field: number, text: string): void {
    const bytes = Buffer.byteLength(text);
    this.#tag(field, WIRE.length);
    this.#varint(bytes);
    this.#reserve(bytes);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** Writes hex digits as bytes. */
  hex(field: number, digits: string): void {
    const bytes = digits.length / 2;
    this.#tag(field, WIRE.length);
    this.#varint(bytes);
    this.#reserve(bytes);
    this.#length += this.#bytes.write(digits, this.#length, "hex");
  }

  /** Writes a nested message, whose fields `write` writes. */
  message(field: number, write: () => void): void {
    this.#tag(field, WIRE.length);
    const start = this.#length;
    write();
    const bytes = this.#length - start;
    // The length precedes the message, and its size is known only now.
    const gap = varintBytes(bytes);
    this.#reserve(gap);
    this.#bytes.copyWithin(start + gap, start, this.#length);
    this.#length = start;
    this.#varint(bytes);
    this.#length += bytes;
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    this.#reserve(NUMBER_BYTES_MAX);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + bytes));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}
