import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { wordsOf } from "../../../../src/store/sqlite/keys/entry.ts";
import { KeyFilter } from "../../../../src/store/sqlite/keys/key-filter.ts";

const keyOf = (number: number) => wordsOf(createHash("sha256").update(String(number)).digest());

test("a filter lets all of its keys pass and few others, and is full when its last layer is", () => {
  const filter = new KeyFilter(2);
  const room = 65_536 * 3;
  for (let number = 0; number < room; number++) {
    if (number % 1000 === 0) expect(filter.isFull).toBe(false);
    filter.add(keyOf(number));
  }
  expect(filter.isFull).toBe(true);
  filter.add(keyOf(room));
  expect(filter.count).toBe(room);
  const passing = (from: number, to: number) => {
    let count = 0;
    for (let number = from; number < to; number++) if (filter.mayHave(keyOf(number))) count++;
    return count;
  };
  expect(passing(0, room)).toBe(room);
  expect(passing(1_000_000, 1_010_000)).toBeLessThan(600);
});
