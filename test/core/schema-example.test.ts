import { expect, test } from "bun:test";
import fc from "fast-check";
import { exampleOf } from "../../src/core/schema-example.ts";

test("the example in a schema is used unchanged", () => {
  for (const schema of [
    { examples: [{ a: 1 }, { a: 2 }] },
    { example: { a: 1 } },
    { default: { a: 1 }, type: "object" },
  ]) {
    expect(exampleOf(schema)).toEqual({ value: { a: 1 }, isGenerated: false });
  }
});

test("an example is generated for a schema without one", () => {
  const schema = {
    type: "object",
    properties: {
      id: { type: "string", examples: ["inv_1"] },
      at: { type: "string", format: "date-time" },
      count: { type: "integer", minimum: 3 },
      kind: { enum: ["a", "b"] },
      fixed: { const: 7 },
      paid: { type: "boolean" },
      lines: { type: "array", items: { $ref: "#/definitions/line" } },
      note: { type: ["string", "null"] },
      either: { oneOf: [{ type: "string" }, { type: "integer" }] },
      both: { allOf: [{ properties: { a: { const: 1 } } }, { properties: { b: { const: 2 } } }] },
    },
    definitions: { line: { type: "object", properties: { sku: { type: "string" } } } },
  };
  expect(exampleOf(schema)).toEqual({
    isGenerated: true,
    value: {
      id: "inv_1",
      at: "2026-01-01T00:00:00Z",
      count: 3,
      kind: "a",
      fixed: 7,
      paid: true,
      lines: [{ sku: "text" }],
      note: "text",
      either: "text",
      both: { a: 1, b: 2 },
    },
  });
});

test("an example is generated for schemas that are recursive, invalid or have dangling references", () => {
  expect(exampleOf({ properties: { self: { $ref: "#" } } }).isGenerated).toBe(true);
  for (const schema of [{ $ref: "#/nowhere" }, { $ref: "https://example.com/x" }, true, null, "text"]) {
    expect(exampleOf(schema)).toEqual({ value: null, isGenerated: true });
  }
  fc.assert(fc.property(fc.jsonValue(), (schema) => void exampleOf(schema)));
});

test("the size of a generated value is bounded, even if a schema uses its parts many times", () => {
  const level = (next: number) =>
    Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`p${i}`, { $ref: `#/definitions/l${next}` }]));
  const definitions = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [`l${i}`, { type: "object", properties: level(i + 1) }]),
  );
  const big = { type: "object", properties: level(0), definitions };
  expect(JSON.stringify(exampleOf(big).value).length).toBeLessThan(500_000);
  const text = { examples: ["x".repeat(40_000)] };
  const repeated = { type: "array", items: { properties: { a: text, b: text, c: text } } };
  expect(JSON.stringify(exampleOf(repeated).value).length).toBeLessThan(100_000);
});
