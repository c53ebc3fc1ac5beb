import { expect, test } from "bun:test";
import { holdId, isEarlierHold } from "../../src/core/move-hold.ts";

test("holds are ordered by their numbers, and not by their texts", () => {
  const [ninth, tenth] = [holdId(9, "b"), holdId(10, "a")];
  expect(isEarlierHold(ninth, tenth)).toBe(true);
  expect(isEarlierHold(tenth, ninth)).toBe(false);
  expect(isEarlierHold(ninth, holdId(9, "a"))).toBe(false);
});

test("a hold without a number, such as one of an earlier version, is not earlier or later", () => {
  const unnumbered = "12345678-4c1d-4f57-9a55-3f2d1b0c9e8a";
  expect(isEarlierHold(unnumbered, holdId(99_999_999, "a"))).toBe(false);
  expect(isEarlierHold(holdId(1, "a"), unnumbered)).toBe(false);
  expect(isEarlierHold(holdId(1, "a"), null)).toBe(false);
});
