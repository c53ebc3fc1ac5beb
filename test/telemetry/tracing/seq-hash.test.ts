import { describe, expect, test } from "bun:test";
import { hexWord, SeqHash } from "../../../src/telemetry/tracing/seq-hash.ts";

const WORDS = [0, 1, 2, 3, 4, 5];
const hash = new SeqHash(Buffer.from("key"));
const wordsOf = (seq: number) => WORDS.map((index) => hash.word(seq, index));

describe("the hash of a sequence number", () => {
  test("the words of a number differ from each other, and depend on the key", () => {
    expect(new Set(wordsOf(1)).size).toBe(6);
    const other = new SeqHash(Buffer.from("other key"));
    for (const index of WORDS) expect(other.word(1, index)).not.toBe(hash.word(1, index));
    for (const word of wordsOf(Number.MAX_SAFE_INTEGER)) expect(word).toBeWithin(0, 2 ** 32);
  });

  test("a change of any bit of the number changes about half of the bits of each word", () => {
    for (const index of WORDS) {
      for (let bit = 0; bit < 53; bit++) {
        let changed = 0;
        const count = 200;
        for (let i = 0; i < count; i++) {
          const seq = i * 7_919_111;
          const isSet = Math.floor(seq / 2 ** bit) % 2 === 1;
          const flipped = isSet ? seq - 2 ** bit : seq + 2 ** bit;
          changed += onesOf(hash.word(seq, index) ^ hash.word(flipped, index));
        }
        expect(changed / count).toBeWithin(13, 19);
      }
    }
  });

  test("100,000 numbers in a row have as many different pairs of words", () => {
    for (const from of [0, 2 ** 40, 2 ** 52]) {
      for (const index of [0, 2, 4]) {
        const seen = new Set<string>();
        for (let seq = from; seq < from + 100_000; seq++) {
          seen.add(`${hash.word(seq, index)} ${hash.word(seq, index + 1)}`);
        }
        expect(seen.size).toBe(100_000);
      }
    }
  });
});

test.each([
  [0, "00000000"],
  [1, "00000001"],
  [0x0a0b0c0d, "0a0b0c0d"],
  [0xffff_ffff, "ffffffff"],
])("the word %d has the digits %s", (word, digits) => {
  expect(hexWord(word)).toBe(digits);
});

function onesOf(word: number): number {
  return (word >>> 0).toString(2).replaceAll("0", "").length;
}
