import { expect, test } from "bun:test";
import { missingIn, NumberCounts } from "../../scripts/soak/numbers.ts";

function countsOf(numbers: readonly number[]): NumberCounts {
  const counts = new NumberCounts();
  for (const number of numbers) counts.add(number);
  return counts;
}

test("numbers are counted, also when they are large, come more than once or come in any order", () => {
  const counts = countsOf([5000, 3, 3, 0]);
  expect(counts.count).toBe(3);
  expect([...counts]).toEqual([0, 3, 5000]);
  expect([0, 1, 3, 5000, 9999].map((number) => counts.times(number))).toEqual([1, 0, 2, 1, 0]);
});

test("a number that came more than 255 times does not start from 0 again", () => {
  expect(countsOf(new Array(300).fill(7)).times(7)).toBe(255);
});

test("numbers are missing if they came less often than they must", () => {
  const got = countsOf([1, 1, 2]);
  expect(missingIn(got, countsOf([1, 2, 3]), 1)).toBe(1);
  expect(missingIn(got, countsOf([1, 2, 3]), 2)).toBe(2);
  expect(missingIn(got, countsOf([]), 1)).toBe(0);
});
