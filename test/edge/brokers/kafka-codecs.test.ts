import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { withFewRecords } from "../../../src/edge/kafka/codecs.ts";
import { InvalidBatch } from "../../../src/edge/kafka/decoded-bytes.ts";
import { lz4Decode } from "../../../src/edge/kafka/lz4.ts";
import { snappyDecode } from "../../../src/edge/kafka/snappy.ts";

const BYTES_MAX = 100_000;
const TEXT = `${"the quick brown fox ".repeat(20)}jumps over ${"a".repeat(300)}`;

/** `TEXT` as other programs compress it. */
const SNAPPY =
  "c7054c74686520717569636b2062726f776e20666f7820fe1400fe1400fe1400fe1400fe1400ee14002c6a756d7073206f7665722061fe0100fe0100fe0100fe0100aa0100";
const SNAPPY_BLOCKS =
  "82534e415050590000000001000000010000002990034c74686520717569636b2062726f776e20666f7820fe1400fe1400fe1400fe1400fe1400ee14000000001eb7022c6a756d7073206f7665722061fe0100fe0100fe0100fe0100aa0100";
const LZ4 =
  "04224d1860707331000000ff0574686520717569636b2062726f776e20666f78201400ff6acf6a756d7073206f76657220610100ff1450616161616100000000";

const decoders = { snappy: snappyDecode, lz4: lz4Decode };

test("one block of Snappy is decompressed", () => {
  expect(snappyDecode(Buffer.from(SNAPPY, "hex"), BYTES_MAX).toString()).toBe(TEXT);
});

test("the blocks that Kafka's own client compresses with Snappy are decompressed", () => {
  expect(snappyDecode(Buffer.from(SNAPPY_BLOCKS, "hex"), BYTES_MAX).toString()).toBe(TEXT);
});

test("a frame of LZ4 is decompressed", () => {
  expect(lz4Decode(Buffer.from(LZ4, "hex"), BYTES_MAX).toString()).toBe(TEXT);
});

test("a batch with too many records is refused before they are decoded", () => {
  // Records of 6 and 200 bytes, after their lengths.
  const records = Buffer.concat([
    Buffer.alloc(7, "0c000000010100", "hex"),
    Buffer.from("9003", "hex"),
    Buffer.alloc(200),
  ]);
  expect(withFewRecords(records, 2)).toBe(records);
  expect(() => withFewRecords(records, 1)).toThrow(InvalidBatch);
  expect(() => withFewRecords(Buffer.alloc(1_000_000, "0c000000010100", "hex"))).not.toThrow();
  expect(() => withFewRecords(Buffer.alloc(4_000_000, "0c000000010100", "hex"))).toThrow("more than 500000 records");
});

describe.each([
  ["snappy", SNAPPY],
  ["lz4", LZ4],
] as const)("spoiled bytes of %s", (name, hex) => {
  const decode = decoders[name];
  const valid = Buffer.from(hex, "hex");

  test(`a batch with ${name} that is too large after decompression is refused`, () => {
    expect(() => decode(valid, TEXT.length - 1)).toThrow(InvalidBatch);
  });

  test(`any batch with ${name} is decompressed or refused, within its limit`, () => {
    const spoiled = fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
      const bytes = Buffer.from(valid);
      bytes[at] = byte;
      return bytes;
    });
    const cut = fc.nat(valid.length).map((length) => valid.subarray(0, length));
    const other = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(spoiled, cut, other), (bytes) => {
        try {
          expect(decode(bytes, BYTES_MAX).length).toBeLessThanOrEqual(BYTES_MAX);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidBatch);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
