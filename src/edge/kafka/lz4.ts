import { DecodedBytes, EncodedBytes, InvalidBatch } from "./decoded-bytes.ts";

const MAGIC = 0x184d2204;
/** Flags of a frame (lz4_Frame_format.md). */
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const DICTIONARY = 0x01;
/** Flag in the size of a block that is not compressed. */
const PLAIN = 0x80000000;
const MATCH_MIN = 4;

/** Decompresses an LZ4 frame. Throws `InvalidBatch`. Ignores checksums, because Kafka's batches have their own. */
export function lz4Decode(bytes: Buffer, bytesMax: number): Buffer {
  const input = new EncodedBytes(bytes);
  if (input.uint(4) !== MAGIC) throw new InvalidBatch("A compressed batch is not an LZ4 frame.");
  const flags = input.byte();
  // The maximum block size, the optional parts, and the checksum of the header.
  input.take(1 + ((flags & CONTENT_SIZE) !== 0 ? 8 : 0) + ((flags & DICTIONARY) !== 0 ? 4 : 0) + 1);
  const output = new DecodedBytes(bytesMax);
  while (!input.isAtEnd) {
    const size = input.uint(4);
    if (size === 0) break;
    const block = input.take(size % PLAIN);
    if (size >= PLAIN) output.add(block);
    else decodeBlock(new EncodedBytes(block), output);
    if ((flags & BLOCK_CHECKSUM) !== 0) input.take(4);
  }
  return output.result();
}

/** The format is that of lz4_Block_format.md. The last sequence has no match. */
function decodeBlock(input: EncodedBytes, output: DecodedBytes): void {
  while (!input.isAtEnd) {
    const token = input.byte();
    output.add(input.take(lengthOf(token >> 4, input)));
    if (input.isAtEnd) return;
    const distance = input.uint(2);
    output.repeat(distance, MATCH_MIN + lengthOf(token & 15, input));
  }
}

/** A length of 15 continues in the next bytes, up to one that is not 255. */
function lengthOf(inToken: number, input: EncodedBytes): number {
  if (inToken < 15) return inToken;
  for (let length = inToken; ; ) {
    const more = input.byte();
    length += more;
    if (more < 255) return length;
  }
}
