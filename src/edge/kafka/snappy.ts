import { DecodedBytes, EncodedBytes, InvalidBatch } from "./decoded-bytes.ts";

/** Header of the blocks that Kafka's own client writes. 8 bytes with versions follow. */
const BLOCKS = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const VERSIONS_BYTES = 8;
/** Literals up to this length have it in their tag. */
const SHORT_LITERAL = 60;

/** Decompresses Snappy, as one block or as the blocks of Kafka's own client. Throws `InvalidBatch`. */
export function snappyDecode(bytes: Buffer, bytesMax: number): Buffer {
  const output = new DecodedBytes(bytesMax);
  if (!bytes.subarray(0, BLOCKS.length).equals(BLOCKS)) {
    decodeBlock(new EncodedBytes(bytes), output);
    return output.result();
  }
  const input = new EncodedBytes(bytes.subarray(BLOCKS.length));
  input.take(VERSIONS_BYTES);
  while (!input.isAtEnd) decodeBlock(new EncodedBytes(input.take(input.take(4).readUInt32BE())), output);
  return output.result();
}

/** The format is that of format_description.txt in the repository of Snappy. */
function decodeBlock(input: EncodedBytes, output: DecodedBytes): void {
  skipLength(input);
  while (!input.isAtEnd) {
    const tag = input.byte();
    const upper = tag >> 2;
    switch (tag & 3) {
      case 0:
        output.add(input.take(1 + (upper < SHORT_LITERAL ? upper : input.uint(upper - SHORT_LITERAL + 1))));
        break;
      case 1:
        output.repeat(((tag >> 5) << 8) | input.byte(), 4 + (upper & 7));
        break;
      case 2:
        output.repeat(input.uint(2), 1 + upper);
        break;
      default:
        output.repeat(input.uint(4), 1 + upper);
    }
  }
}

/** The block begins with its decompressed length, in groups of 7 bits. */
function skipLength(input: EncodedBytes): void {
  for (let bytes = 0; bytes < 5; bytes++) if (input.byte() < 0x80) return;
  throw new InvalidBatch("A compressed batch has no valid length.");
}
