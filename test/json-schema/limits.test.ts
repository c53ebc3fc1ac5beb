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

function nested(levels: number): object {
  let schema: object = {};
  for (let i = 0; i < levels; i++) schema = { items: schema };
  return schema;
}

/** Large schemas that compile. */
const large: [string, object][] = [
  ["fields", { properties: named(3000, "p", () => ({ type: "string", maxLength: 10 })) }],
  ["alternatives", { anyOf: list(500, () => ({ type: "string" })) }],
  ["entries of allOf", { allOf: list(500, () => ({ minLength: 1 })) }],
  ["conditions", { allOf: list(300, () => JSON.parse('{"if":{"type":"string"},"then":{"minLength":1}}')) }],
  ["references", { properties: named(1000, "p", () => ({ $ref: "#/$defs/a" })), $defs: { a: { type: "string" } } }],
  ["schemas under an unknown keyword", { "x-own": named(3000, "d", () => ({ type: "string" })) }],
  ["patterns for field names", { patternProperties: named(300, "^", () => ({ type: "string" })) }],
  [
    "fields with tracking of evaluated fields",
    { $schema: DRAFT_2020, unevaluatedProperties: false, properties: named(1000, "p", () => ({ type: "string" })) },
  ],
  ["nested levels", nested(100)],
];

describe("size of schemas", () => {
  for (const [name, schema] of large) {
    test(`a schema with hundreds of ${name} is accepted`, () => {
      expect(() => compileSchema(schema)).not.toThrow();
    });
  }

  test("a schema that is nested too deeply or has too many bytes is refused", () => {
    expect(() => compileSchema(nested(20_000))).toThrow(UnusableSchema);
    expect(() => compileSchema({ description: "x".repeat(schemaBytesMax) })).toThrow(UnusableSchema);
  });

  test("the location and the message for a refused schema have a limited length", () => {
    const long = "n".repeat(30_000);
    const bad = [
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
    expect(refusals[0]!.path).toEqual(["properties", long.slice(0, 128), "type"]);
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
    const patterned = compileSchema({ properties: named(2, "p", (i) => ({ pattern: `^.{0,${990 + i}}$` })) }).bytes;
    expect([large, patterned].filter((bytes) => bytes > small + 200_000)).toHaveLength(2);
  });
});
