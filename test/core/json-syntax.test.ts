import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { findSyntaxError } from "../../src/core/json-syntax.ts";

const isJson = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe("the first syntax error of a text", () => {
  const cases: [text: string, line: number, column: number, atEnd: boolean][] = [
    ["", 1, 1, true],
    ["{", 1, 2, true],
    ['{"a": 1,}', 1, 9, false],
    ['{"a": 1\n "b": 2}', 2, 2, false],
    ['{\n  "a": {x}\n}', 2, 9, false],
    ["[1, 2,, 3]", 1, 7, false],
    ["[1] 2", 1, 5, false],
    ["[1}", 1, 3, false],
    ["{]", 1, 2, false],
    ["{1: 2}", 1, 2, false],
    ['{"a" 1}', 1, 6, false],
    ["[01]", 1, 3, false],
    ["tru", 1, 1, false],
    ['"a\nb"', 1, 3, false],
    ['["\\x"]', 1, 3, false],
    ['["open', 1, 7, true],
    ["'a'", 1, 1, false],
    ["\ufeff{}", 1, 1, false],
  ];
  for (const [text, line, column, atEnd] of cases)
    test(`the first syntax error of ${JSON.stringify(text)} is at line ${line}, column ${column}`, () =>
      expect(findSyntaxError(text)).toEqual({ line, column, atEnd }));

  test("no syntax error is found in valid JSON", () => {
    fc.assert(fc.property(fc.json(), (text) => expect(findSyntaxError(text)).toBeNull()));
  });

  test("a syntax error is found in a text exactly when JSON.parse refuses it", () => {
    const edited = fc
      .tuple(fc.json(), fc.nat(), fc.nat(3), fc.stringMatching(/^[{}[\],:"\\0-9eE.tnu \n-]{0,3}$/))
      .map(([text, at, remove, insert]) => {
        const offset = at % (text.length + 1);
        return text.slice(0, offset) + insert + text.slice(offset + remove);
      });
    fc.assert(
      fc.property(edited, (text) => expect(findSyntaxError(text) === null).toBe(isJson(text))),
      { numRuns: 2_000 },
    );
  });

  test("a syntax error is found in deeply nested text without recursion", () => {
    expect(findSyntaxError("[".repeat(500_000))).toEqual({ line: 1, column: 500_001, atEnd: true });
  });
});
