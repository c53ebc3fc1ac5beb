import { describe, expect, test } from "bun:test";
import { schemaBytesMax } from "../../src/core/rule.ts";
import { compileSchema, UnusableSchema } from "../../src/json-schema/compile.ts";

const DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";

function named<T>(count: number, name: string, value: (i: number) => T): Record<string, T> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i}`, value(i)]));
}

function list<T>(count: number, item: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => item(i));
}

function nested(levels: number, around: (schema: object) => object): object {
  let schema: object = {};
  for (let i = 0; i < levels; i++) schema = around(schema);
  return schema;
}

const flags = list(300, (i) => `p${i}`);

/** Kinds of schemas that can have any size, each with an accepted and a refused size. */
const shapes: [string, (count: number) => object, number, number][] = [
  ["fields", (n) => ({ properties: named(n, "p", () => ({ type: "string", maxLength: 10 })) }), 1500, 2100],
  ["fields of any kind", (n) => ({ properties: named(n, "p", () => true) }), 1900, 2100],
  ["patterns for field names", (n) => ({ patternProperties: named(n, "^", () => ({})) }), 100, 101],
  [
    "nested patterns for field names",
    (n) => ({ items: { not: { patternProperties: named(n, "^", () => ({})) } } }),
    100,
    101,
  ],
  ["alternatives", (n) => ({ anyOf: list(n, () => ({ type: "string" })) }), 256, 257],
  ["alternatives that are booleans", (n) => ({ oneOf: list(n, () => true) }), 256, 257],
  [
    "alternatives of alternatives",
    (n) => ({ anyOf: list(n, () => ({ anyOf: list(n, () => ({ type: "string" })) })) }),
    40,
    50,
  ],
  ["entries of allOf", (n) => ({ allOf: list(n, () => ({})) }), 256, 257],
  ["items of a tuple", (n) => ({ items: list(n, () => ({})) }), 256, 257],
  [
    "references",
    (n) => ({ properties: named(n, "p", () => ({ $ref: "#/definitions/a" })), definitions: { a: {} } }),
    380,
    420,
  ],
  ["definitions", (n) => ({ definitions: named(n, "d", (i) => ({ type: "string", $id: `d${i}` })) }), 300, 500],
  ["schemas under an unknown keyword", (n) => ({ "x-own": named(n, "d", () => ({ type: "string" })) }), 1900, 2100],
  ["nested levels", (n) => nested(n, (items) => ({ items })), 100, 200],
  ["nested levels of properties", (n) => nested(n, (a) => ({ properties: { a } })), 60, 70],
  ["dependencies", (n) => ({ dependencies: named(n, "p", () => ({ minProperties: 3 })) }), 1900, 2100],
  ["conditions", (n) => ({ allOf: list(n, () => JSON.parse('{"if":{},"then":{},"else":{}}')) }), 200, 257],
  [
    "fields with tracking of evaluated fields",
    (n) => ({ $schema: DRAFT_2020, unevaluatedProperties: false, properties: named(n, "p", () => ({})) }),
    450,
    550,
  ],
  [
    "alternatives with tracking of evaluated fields",
    (n) => ({
      $schema: DRAFT_2020,
      unevaluatedProperties: false,
      anyOf: list(n, (i) => ({ properties: { [`a${i}`]: {} } })),
    }),
    150,
    250,
  ],
  ["repetitions in a pattern", (n) => ({ pattern: `^.{0,${n}}$` }), 4000, 6000],
  ["repetitions of repetitions in a pattern", (n) => ({ pattern: `^(?:a{${n}}b){${n}}$` }), 60, 110],
  [
    "patterns that are long in total",
    (n) => ({ properties: named(n, "p", (i) => ({ pattern: `^.{${1000 + i}}$` })) }),
    9,
    30,
  ],
  ["nested groups in a pattern", (n) => ({ pattern: `${"(".repeat(n)}a${")".repeat(n)}` }), 60, 70],
];

describe("compilation limits", () => {
  for (const [name, shape, accepted, refused] of shapes) {
    test(`a schema with ${accepted} ${name} is accepted, and one with ${refused} is refused`, () => {
      expect(() => compileSchema(shape(accepted))).not.toThrow();
      expect(() => compileSchema(shape(refused))).toThrow(UnusableSchema);
    });
  }

  test("schema values that need no compilation are limited only by their size in bytes", () => {
    const check = compileSchema({
      required: flags,
      properties: { kind: { enum: list(2500, (i) => ({ k: i })) }, flag: { enum: list(1000, (i) => `v${i}`) } },
      dependencies: named(200, "q", () => flags.slice(0, 10)),
      description: "x".repeat(1000),
    });
    expect(check(named(300, "p", () => 1))).toEqual([]);
    expect(() => compileSchema({ description: "x".repeat(schemaBytesMax) })).toThrow(UnusableSchema);
  });

  test("the location and the message for a refused schema have a limited length", () => {
    const long = "n".repeat(30_000);
    const bad = [
      { properties: { [long]: { patternProperties: named(101, "^", () => ({})) } } },
      { properties: { [long]: { type: "objekt" } } },
      { properties: { a: { pattern: `(${long}` } } },
      { $ref: `#/${long}` },
      { $schema: long },
    ];
    const refusals = bad.map((schema) => {
      try {
        compileSchema(schema);
      } catch (error) {
        if (error instanceof UnusableSchema) return error;
      }
      throw new Error("The schema was accepted.");
    });
    expect(refusals[0]!.path).toEqual(["properties", long.slice(0, 128), "patternProperties"]);
    for (const { path, message } of refusals) expect(JSON.stringify([path, message]).length).toBeLessThan(1500);
  });
});

describe("compiled schema", () => {
  test("a compiled schema is reused for an equal schema", () => {
    const schema = () => ({ type: "object", required: ["used-again"] });
    expect(compileSchema(schema())).toBe(compileSchema(schema()));
    expect(compileSchema({ type: "object", required: ["another"] })).not.toBe(compileSchema(schema()));
  });

  test("the reported memory use of a compiled schema grows with its size", () => {
    const small = compileSchema({ type: "string" }).bytes;
    const large = compileSchema({ properties: named(900, "p", () => ({ type: "string" })) }).bytes;
    const patterned = compileSchema({ pattern: "^[a-z]{4000}$" }).bytes;
    expect([large, patterned].filter((bytes) => bytes > small + 200_000)).toHaveLength(2);
  });
});
