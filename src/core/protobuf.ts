/**
 * The wire format of Protocol Buffers, as far as our messages need it
 * (https://protobuf.dev/programming-guides/encoding/).
 */

const VARINT = 0;
const I64 = 1;
const LEN = 2;
const I32 = 5;
const NO_BYTES = new Uint8Array();

/** Encodes a message field by field. Leaves out fields with the default value, as proto3 demands. */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];

  text(field: number, value: string): this {
    return value === "" ? this : this.#bytes(field, Buffer.from(value, "utf8"));
  }

  texts(field: number, values: readonly string[]): this {
    for (const value of values) this.#bytes(field, Buffer.from(value, "utf8"));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    return value.byteLength === 0 ? this : this.#bytes(field, value);
  }

  /** `value` must be a whole number from 0 to 2^53-1. */
  number(field: number, value: number): this {
    if (value !== 0) this.#parts.push(varint(field * 8 + VARINT), varint(value));
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #bytes(field: number, value: Uint8Array): this {
    this.#parts.push(varint(field * 8 + LEN), varint(value.byteLength), value);
    return this;
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** Thrown if bytes are not a valid message. */
export class ProtobufError extends Error {}

/**
 * Calls `onBytes` for each field of a message that has a length: texts, bytes and messages. Skips all
 * other fields. Throws `ProtobufError` if the bytes are not a valid message.
 */
export function readBytesFields(message: Uint8Array, onBytes: (field: number, value: Uint8Array) => void): void {
  const reader = new Reader(message);
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    const [field, type] = [Math.floor(tag / 8), tag % 8];
    if (field === 0) throw new ProtobufError("A field has the number 0.");
    if (type === LEN) onBytes(field, reader.take(reader.varint()));
    else if (type === VARINT) reader.varint();
    else if (type === I64) reader.take(8);
    else if (type === I32) reader.take(4);
    else throw new ProtobufError(`The wire type ${type} is not supported.`);
  }
}

class Reader {
  #at = 0;

  constructor(private readonly message: Uint8Array) {}

  get isAtEnd(): boolean {
    return this.#at >= this.message.byteLength;
  }

  /** Reads a number. Values above 2^53 lose precision, but no length or field number is that large. */
  varint(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.message[this.#at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 0x80 ** i;
      if (byte < 0x80) return value;
    }
    throw new ProtobufError("A number has no end.");
  }

  /** Reads `length` bytes, without copying them. */
  take(length: number): Uint8Array {
    if (length > this.message.byteLength - this.#at) throw new ProtobufError("A field is longer than the message.");
    const value = length === 0 ? NO_BYTES : this.message.subarray(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns the text of a field. Throws `ProtobufError` if it is not UTF-8. */
export function textOf(value: Uint8Array): string {
  try {
    return utf8.decode(value);
  } catch {
    throw new ProtobufError("A text is not UTF-8.");
  }
}
