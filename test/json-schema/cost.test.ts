import { describe, expect, test } from "bun:test";
import { compileSchema } from "../../src/json-schema/compile.ts";
import { stepsMax } from "../../src/json-schema/meter.ts";
import { counted } from "../support/counted.ts";

const DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";

function many<T>(count: number, item: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => item(i));
}

function named<T>(count: number, name: string, value: (i: number) => T): Record<string, T> {
  return Object.fromEntries(many(count, (i) => [`${name}${i}`, value(i)]));
}

/**
 * Returns definitions in which `d0` refers to `d1`, and so on, up to the last one, which is `end`.
 */
function chain(length: number, link: (next: object) => object, end: object): object {
  const $defs = named<object>(length, "d", (i) => link({ $ref: `#/$defs/d${i + 1}` }));
  return { $ref: "#/$defs/d0", $defs: { ...$defs, [`d${length}`]: end } };
}

function nested(levels: number, inner: unknown, around: (value: unknown) => unknown): unknown {
  let value = inner;
  for (let i = 0; i < levels; i++) value = around(value);
  return value;
}

const items = (schema: object) => ({ properties: { x: { items: schema } } });
const costly = ["schema.cost"];
const twice = { properties: { x: { $ref: "#" } } };
const wide = named(20_000, "k", (i) => i);
const exponential = "^(a+)+N$";

/** Checks that would take seconds or unlimited memory if their steps were not limited. */
const attacks: [string, object, unknown, readonly string[] | null][] = [
  [
    "thousands of missing fields in thousands of items",
    items({ required: many(3000, (i) => `k${i}`) }),
    { x: many(3000, () => ({})) },
    many(20, () => "schema.required"),
  ],
  [
    "thousands of missing fields that are not an error",
    items({ anyOf: [{ required: many(3000, (i) => `k${i}`) }, {}] }),
    { x: many(3000, () => ({})) },
    costly,
  ],
  [
    "an enum of thousands of objects and thousands of values to compare",
    items({ enum: many(4000, (i) => ({ a: i })) }),
    { x: many(5000, () => ({ a: -1 })) },
    many(20, () => "schema.enum"),
  ],
  [
    "uniqueItems at every level around a large array",
    { uniqueItems: true, items: { $ref: "#" } },
    nested(
      60,
      many(20_000, (i) => ({ [`k${i}`]: i })),
      (value) => [value],
    ),
    costly,
  ],
  [
    "lists of schemas that match everything",
    items({ not: { allOf: many(3, () => ({ oneOf: many(250, () => true) })) } }),
    { x: many(100_000, () => 1) },
    costly,
  ],
  ["references that fan out", chain(40, (next) => ({ allOf: [next, next] }), {}), {}, costly],
  ["errors that fan out", chain(40, (next) => ({ allOf: [next, next] }), { type: "string" }), {}, costly],
  [
    "references that fan out with each level of the payload",
    { allOf: [twice, twice] },
    nested(100, {}, (x) => ({ x })),
    costly,
  ],
  [
    "errors behind a reference",
    chain(1, (next) => next, items({ type: "string" })),
    { x: many(50_000, () => 1) },
    costly,
  ],
  ["a large number of errors", items({ type: "string" }), { x: many(200_000, () => 1) }, many(20, () => "schema.type")],
  ["many unknown fields", { allOf: many(200, () => ({ additionalProperties: false })) }, wide, null],
  ["fields that are counted many times", { allOf: many(250, () => ({ minProperties: 1 })) }, wide, costly],
  ["patterns for field names", { patternProperties: named(100, "^", () => ({ type: "integer" })) }, wide, costly],
  [
    "evaluated fields that are passed on through references",
    {
      $schema: DRAFT_2020,
      unevaluatedProperties: false,
      ...chain(90, (next) => next, { patternProperties: { "^k": true } }),
    },
    named(60_000, "k", (i) => i),
    costly,
  ],
  [
    "a long text that is measured many times",
    { properties: { x: { allOf: many(250, () => ({ maxLength: 1_999_999, minLength: 900_000 })) } } },
    { x: "é".repeat(1_000_000) },
    costly,
  ],
  ["numbers that are divided in decimal", items({ multipleOf: 1e-300 }), { x: many(150_000, () => 1.7e308) }, costly],
  [
    "properties that are missing",
    items({ properties: named(900, "p", () => ({ type: "string" })) }),
    { x: many(9000, () => ({})) },
    costly,
  ],
  [
    "a pattern with exponential backtracking",
    { properties: { x: { pattern: exponential } } },
    { x: `${"a".repeat(60)}!` },
    ["schema.pattern"],
  ],
  [
    "a dozen patterns with exponential backtracking",
    { properties: named(12, "p", (i) => ({ pattern: `^(a+)+${i}$` })) },
    named(12, "p", () => `${"a".repeat(60)}!`),
    many(12, () => "schema.pattern"),
  ],
  [
    "a pattern against a very long text",
    { properties: { x: { pattern: "(x+x+)+y" } } },
    { x: "x".repeat(2_000_000) },
    costly,
  ],
  [
    "a pattern with repeated lookahead",
    { properties: { x: { pattern: "((?=.*b)a)*c" } } },
    { x: `${"a".repeat(99_999)}b` },
    costly,
  ],
  ["a pattern against many texts", items({ pattern: "^i\\d+$" }), { x: many(200_000, (i) => `i${i}`) }, costly],
  [
    "formats that take quadratic time",
    items({ format: "url" }),
    { x: many(200, () => `http://${":".repeat(8000)}/`) },
    costly,
  ],
  [
    "a long text that is decoded many times",
    { properties: { x: { allOf: many(100, () => ({ format: "byte" })) } } },
    { x: "A".repeat(1_024_000) },
    costly,
  ],
  ["regular expressions as values", items({ format: "regex" }), { x: many(200, () => "%(".repeat(4000)) }, costly],
];

describe("cost limit", () => {
  for (const [name, schema, payload, types] of attacks) {
    test(`the cost of a check stays within the limit (${name})`, () => {
      const check = compileSchema(schema);
      const found = check(payload);
      if (types !== null) expect(found.map(({ type }) => type)).toEqual([...types]);
      expect(found.length).toBeLessThanOrEqual(20);
      expect(JSON.stringify(found).length).toBeLessThanOrEqual(10_000);
      expect(check.steps).toBeLessThanOrEqual(stepsMax);
    });

    test(`the number of values that a check reads is proportional to the steps that it counts (${name})`, () => {
      const check = compileSchema(schema);
      const { value, reads } = counted(payload);
      check(value);
      expect(reads()).toBeLessThanOrEqual(1000 + 30 * check.steps);
    });
  }
});

describe("cost of a check", () => {
  test("checking an ordinary payload costs little", () => {
    const address = {
      type: "object",
      required: ["street", "city"],
      properties: { street: { type: "string", maxLength: 200 } },
    };
    const check = compileSchema({
      type: "object",
      required: ["id", "email", "address"],
      properties: {
        id: { type: "string", pattern: "^[a-z]+_[0-9A-Za-z]{10,30}$" },
        email: { type: "string", format: "email" },
        address,
        tags: { type: "array", uniqueItems: true, items: { type: "string" } },
        amount: { multipleOf: 0.01 },
      },
    });
    const payload = {
      id: "u_0123456789abc",
      email: "a@b.example",
      address: { street: "x", city: "y" },
      tags: ["a", "b"],
      amount: 19.99,
    };
    expect(check(payload)).toEqual([]);
    expect(check.steps).toBeLessThan(200);
  });

  test("checking a one-megabyte payload stays within the cost limit", () => {
    const check = compileSchema(
      items({ required: ["id"], properties: { id: { type: "integer" }, on: { format: "date" } } }),
    );
    expect(check({ x: many(40_000, (id) => ({ id, on: "2026-01-01" })) })).toEqual([]);
    const unique = compileSchema({ properties: { x: { uniqueItems: true } } });
    expect(unique({ x: many(100_000, (i) => i) })).toEqual([]);
  });

  test("the cost of one check does not count toward the next check", () => {
    const check = compileSchema(items({ type: "integer" }));
    const payload = { x: many(300_000, () => 1) };
    for (let i = 0; i < 5; i++) expect(check(payload)).toEqual([]);
  });
});

describe("size of findings", () => {
  const long = "n".repeat(60_000);
  const cases: [string, object, unknown][] = [
    ["long field names", { additionalProperties: false }, named(20, long.slice(0, 30_000), () => 1)],
    ["long names of missing fields", { required: many(2, (i) => `${long.slice(0, 30_000)}${i}`) }, {}],
    [
      "deep locations",
      { type: "object", additionalProperties: { $ref: "#" } },
      nested(
        127,
        named(20, "k", () => 1),
        (x) => ({ [long.slice(0, 500)]: x }),
      ),
    ],
    ["a long pattern", { additionalProperties: { pattern: long.slice(0, 9000) } }, named(20, "k", () => "x")],
    [
      "a long unknown format",
      { additionalProperties: { type: ["null", "array"], format: long } },
      named(20, "k", () => 1),
    ],
  ];
  for (const [name, schema, payload] of cases) {
    test(`the size of findings is limited (${name})`, () => {
      const found = compileSchema(schema)(payload);
      expect(found.length).toBeGreaterThan(0);
      expect(JSON.stringify(found).length).toBeLessThanOrEqual(10_000);
    });
  }
});
