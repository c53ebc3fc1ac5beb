import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Patterns, UnusablePattern } from "../../src/json-schema/patterns.ts";

const matches = (source: string, text: string) => new Patterns().of(source).test(text);

const atoms = fc.constantFrom(
  ...[
    "a",
    "b",
    ".",
    "\\d",
    "\\w",
    "\\s",
    "\\S",
    "[ab]",
    "[^a]",
    "[^\\s_]",
    "[\\S ]",
    "[.\\s-]",
    "[\\]a\\-]",
    "\\b",
    "\\B",
    "^",
    "$",
    "é",
    "\\/",
    "[^]",
  ],
  ...["\\u0061", "\\x61", "😀", "\\p{L}", "\\P{Lu}", "\\u{1F600}", "\\ud83d\\ude00"],
);
const quantifiers = fc.constantFrom("*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "{0}", "+?", "{1,2}?");
const { expression: expressions } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    atoms,
    fc.array(tie("expression"), { maxLength: 3 }).map((parts) => parts.join("")),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `(?:${a}|${b})`),
    fc.tuple(tie("expression"), quantifiers).map(([body, quantifier]) => `(?:${body})${quantifier}`),
    fc.tuple(fc.constantFrom("(", "(?:"), tie("expression")).map(([opening, body]) => `${opening}${body})`),
  ),
}));
const texts = fc.string({
  unit: fc.constantFrom(
    "a",
    "b",
    "c",
    "1",
    "_",
    " ",
    "é",
    "😀",
    "-",
    "\n",
    "\r",
    "\v",
    "\u00a0",
    "\u2028",
    "\ufeff",
    ".",
  ),
  maxLength: 8,
});

describe("patterns of schemas", () => {
  test("a pattern matches like RegExp with the flag u", () => {
    let compared = 0;
    fc.assert(
      fc.property(expressions, texts, (source, text) => {
        let known: RegExp;
        try {
          known = new RegExp(source, "u");
        } catch {
          return;
        }
        compared++;
        expect([source, text, matches(source, text)]).toEqual([source, text, known.test(text)]);
      }),
      { numRuns: 4000 },
    );
    expect(compared).toBeGreaterThan(1000);
  });

  test("a pattern may look behind, and may have escapes that are valid only without the flag u", () => {
    expect([matches("(?<=a)b", "ab"), matches("(?<!a)b", "ab")]).toEqual([true, false]);
    expect([matches("^[\\s-_]$", "-"), matches("^[\\s-_]$", "a")]).toEqual([true, false]);
    expect([matches("^\\_$", "_"), matches("^\\-$", "-")]).toEqual([true, true]);
  });

  const backtracking: [string, string][] = [
    ["^(a+)+N$", `${"a".repeat(100_000)}!`],
    ["^(a|a)*$", `${"a".repeat(100_000)}!`],
    ["(.*a){12}", "a!".repeat(50_000)],
    ["(x+x+)+y", "x".repeat(1_000_000)],
    ["^(a?){30}a{30}$", `${"a".repeat(29)}${"!".repeat(100_000)}`],
  ];
  for (const [source, text] of backtracking) {
    test(`the pattern ${source}, for which RegExp takes exponential time, is matched against a long text`, () => {
      expect(matches(source, text)).toBe(source === "(.*a){12}");
    });
  }

  const unsupported: [string, RegExp][] = [
    ["^(?!a)", /lookahead/],
    ["(?=a)", /lookahead/],
    ["(a)\\1", /backreference/],
    ["(?<n>a)\\k<n>", /backreference/],
    ["a{1001}", /1,000 times/],
    ["(?:a{100}b){100}", /1,000 times/],
    ["[\\b]", /not supported/],
    ["(", /regular expression/i],
    ["[", /regular expression/i],
    ["a**", /regular expression/i],
    ["*", /regular expression/i],
  ];
  for (const [source, message] of unsupported) {
    test(`the pattern ${source} is refused, and the message says why`, () => {
      expect(() => new Patterns().of(source)).toThrow(UnusablePattern);
      expect(() => new Patterns().of(source)).toThrow(message);
    });
  }

  test("the patterns of one schema are limited in total", () => {
    const patterns = new Patterns();
    const add = () => Array.from({ length: 30 }, (_, i) => patterns.of(`^.{0,${900 + i}}$`));
    expect(add).toThrow("too long in total");
  });
});
