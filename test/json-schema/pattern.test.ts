import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Meter, TooCostly } from "../../src/json-schema/meter.ts";
import { linearPattern } from "../../src/json-schema/pattern/linear.ts";
import { UnsupportedPattern } from "../../src/json-schema/pattern/parse.ts";

function started(): Meter {
  const meter = new Meter();
  meter.start();
  return meter;
}

const inBoth = ["a", "b", ".", "\\d", "\\w", "\\s", "\\S", "[ab]", "[^a]", "[\\]a\\-]", "\\b", "\\B", "^", "$"];
const anywhere = [
  ...inBoth,
  "\\u0061",
  "\\x61",
  "é",
  "-",
  "\\/",
  "[^]",
  "\\cA",
  "\\0",
  "\\ud83d\\ude00",
  "[😀a]",
  "😀",
];
const withU = fc.constantFrom(...anywhere, "\\p{L}", "\\P{Lu}", "\\u{1F600}");
const withoutU = fc.constantFrom(...anywhere, "{", "}", "]", "\\-", "\\_", "\\p{L}", "\\u{2}", "\\u1", "\\x1", "a{,2}");
const quantifiers = fc.constantFrom("*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "{0}", "+?", "{1,2}?");
const openings = fc.constantFrom("(", "(?:", "(?=", "(?!", "(?<=", "(?<!");

function expressions(atom: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      atom,
      fc.array(tie("expression"), { maxLength: 3 }).map((parts) => parts.join("")),
      fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `(?:${a}|${b})`),
      fc.tuple(tie("expression"), quantifiers).map(([body, quantifier]) => `(?:${body})${quantifier}`),
      fc.tuple(openings, tie("expression")).map(([opening, body]) => `${opening}${body})`),
    ),
  }));
  return expression;
}

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
    "\ud83d",
    "\ude00",
    "\u2028",
    "{",
    "p",
    "\u0001",
  ),
  maxLength: 8,
});

describe("linear pattern", () => {
  for (const [flags, atom] of [
    ["u", withU],
    ["", withoutU],
    ["iu", withU],
  ] as const) {
    test(`a pattern with the flags "${flags}" matches like RegExp`, () => {
      fc.assert(
        fc.property(expressions(atom), texts, (source, text) => {
          const known = new RegExp(source, flags);
          expect([source, text, linearPattern(source, flags).test(text, started())]).toEqual([
            source,
            text,
            known.test(text),
          ]);
        }),
        { numRuns: 3000 },
      );
    });
  }

  test("a pattern matches like RegExp even if its states do not fit into the bit set", () => {
    const source = "^(?:[ab]{1000}z)*$|c(?!.*zz)";
    const run = `${"ab".repeat(500)}z`;
    const texts = [run.repeat(2), `${run.repeat(2)}z`, `${run}c${run}`, `${run}czz`];
    for (const text of texts)
      expect(linearPattern(source).test(text, started())).toBe(new RegExp(source, "u").test(text));
  });

  test("a pattern uses the u flag if it is valid with that flag, and otherwise no flag", () => {
    expect(linearPattern("^.$").test("😀", started())).toBe(true);
    expect(linearPattern("^\\_.$").test("_😀", started())).toBe(false);
    expect(linearPattern("^\\_..$").test("_😀", started())).toBe(true);
  });

  const backtracking: [string, (length: number) => string][] = [
    ["^(a+)+N$", (n) => `${"a".repeat(n)}!`],
    ["^(a|a)*$", (n) => `${"a".repeat(n)}!`],
    ["^(a|aa)+$", (n) => `${"a".repeat(n)}!`],
    ["(.*a){12}", (n) => "a!".repeat(n / 2)],
    ["(x+x+)+y", (n) => "x".repeat(n)],
    ["^(?=(a+)+b)", (n) => "a".repeat(n)],
    ["^(a?){30}a{30}$", (n) => `${"a".repeat(29)}${"!".repeat(n)}`],
    ["\\s+$", (n) => `${" ".repeat(n)}x`],
  ];
  for (const [source, text] of backtracking) {
    test(`the cost of the pattern ${source} is proportional to the length of the text`, () => {
      const costOf = (length: number) => {
        const meter = started();
        linearPattern(source).test(text(length), meter);
        return meter.spent;
      };
      expect(costOf(4000) / costOf(2000)).toBeLessThan(2.5);
    });
  }

  test("a search stops when its budget is exhausted", () => {
    expect(() => linearPattern("(x+x+)+y").test("x".repeat(3_000_000), started())).toThrow(TooCostly);
  });

  for (const source of ["(a)\\1", "(?<n>a)\\k<n>", "(?i:a)", "a{10001}", "(a{101}){101}", "\\01"]) {
    test(`the pattern ${source} is not supported`, () => {
      expect(() => linearPattern(source)).toThrow(UnsupportedPattern);
    });
  }

  for (const source of ["(", "[", "a**", "(?<n>a)(?<n>b)", "\\u{110000}[", "*"]) {
    test(`the pattern ${source} is invalid`, () => {
      expect(() => linearPattern(source)).toThrow(SyntaxError);
    });
  }
});
