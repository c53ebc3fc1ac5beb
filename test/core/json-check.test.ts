import { expect, test } from "bun:test";
import fc from "fast-check";
import { jsonDepthMax } from "../../src/core/json.ts";
import { JsonCheck } from "../../src/core/json-check.ts";

function isParsed(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Checks a text at once and in steps of one byte. */
function check(text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  const steps = new JsonCheck(bytes, 7);
  let result: boolean | null = null;
  for (let step = 0; result === null && step <= bytes.length + 1; step++) result = steps.advance(1);
  expect(new JsonCheck(bytes, 8).advance(Number.POSITIVE_INFINITY)).toBe(result);
  return result ?? false;
}

test("a text is JSON exactly if JSON.parse accepts it", () => {
  for (const text of [
    ...["", " ", "{}", "[]", "{ }", "[ ]", "[,]", "[1,]", "{,}", '{"a":1,}', '{"a"}', '{"a":}', "{a:1}", "{1:2}"],
    ...["0", "-0", "00", "01", "-", "1.", ".5", "1.5e", "1e5", "1E+5", "1e-", "-1.0E-10", "+1", "0x1", "NaN"],
    ...["true", "tru", "truex", "false", "null", "nul", "True", '"', '"a', '"\\', '"\\u', '"\\u12', '"\\u12g4"'],
    ...['"\\u12aF"', '"\\x"', '"\\/"', '"\t"', '"\n"', '"\u007f"', '"é"', "[1 2]", '{"a" 1}', '{"a":1 "b":2}'],
    ...["1 2", "[] []", "[1]]", "{}}", "[}", "{]", '[{"a":[1,{"b":null}]}]', "\ufeff{}", "\u00a01", "\v1", "'a'"],
  ]) {
    expect([text, check(text)]).toEqual([text, isParsed(text)]);
  }
});

test("damaged JSON is accepted exactly if JSON.parse accepts it", () => {
  const damage = fc.record({
    value: fc.jsonValue({ maxDepth: 6 }),
    indent: fc.constantFrom(0, 1, 2),
    at: fc.nat(200),
    cut: fc.nat(3),
    insert: fc.constantFrom("", ",", ":", '"', "{", "}", "[", "]", "\\", "0", "-", ".", "e", "t", " ", "\n", "\u0000"),
  });
  fc.assert(
    fc.property(damage, ({ value, indent, at, cut, insert }) => {
      const text = JSON.stringify(value, null, indent).toWellFormed();
      const damaged = text.slice(0, at) + insert + text.slice(at + cut);
      expect(check(text)).toBe(true);
      if (damaged.isWellFormed()) expect(check(damaged)).toBe(isParsed(damaged));
    }),
    { numRuns: 2_000 },
  );
});

test("a value that is nested too deeply is not accepted", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  expect(check(nested(jsonDepthMax))).toBe(true);
  expect(check(nested(jsonDepthMax + 1))).toBe(false);
});
