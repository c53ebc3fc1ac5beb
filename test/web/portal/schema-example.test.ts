import { expect, test } from "bun:test";
import fc from "fast-check";
import { exampleOf, latestSchema } from "../../../web/portal/schema-example.ts";

test("the latest schema is the one with the greatest version", () => {
  expect(latestSchema({ "2": "two", "10": "ten", "1": "one" })).toBe("ten");
  expect(latestSchema({})).toBeNull();
  expect(latestSchema(null)).toBeNull();
});

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
