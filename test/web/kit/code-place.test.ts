import { expect, test } from "bun:test";
import { indentAt, offsetOf, placeOf } from "../../../web/kit/code-place.ts";

test("the place of a problem is read from its beginning only", () => {
  expect(placeOf("line 3, column 7: SyntaxError: no")).toEqual({ line: 3, column: 7 });
  expect(placeOf("line 12: timeout")).toEqual({ line: 12, column: null });
  expect(placeOf("The code must define a function `handler`.")).toBeNull();
  expect(placeOf("Error: line 3, column 7: no")).toBeNull();
});

test("a place becomes an offset, and a place outside of the text its nearest offset", () => {
  const text = "ab\ncde\n\nf";
  for (const [line, column, offset] of [
    [1, 1, 0],
    [2, 1, 3],
    [2, 3, 5],
    [2, null, 3],
    [2, 9, 6],
    [3, 1, 7],
    [4, 9, 9],
    [9, 1, 9],
  ] as const) {
    expect([line, column, offsetOf(text, { line, column })]).toEqual([line, column, offset]);
  }
});

test("the indent of a line ends at the offset", () => {
  expect(indentAt("a {\n    b", 9)).toBe("    ");
  expect(indentAt("a {\n    b", 6)).toBe("  ");
  expect(indentAt("a {\n\t b", 7)).toBe("\t ");
  expect(indentAt("  a", 0)).toBe("");
});
