import { expect, test } from "bun:test";
import fc from "fast-check";
import { exampleOf, latestSchema } from "../../../web/portal/schema-example.ts";

test("the schema of the greatest version counts", () => {
  expect(latestSchema({ "2": "two", "10": "ten", "1": "one" })).toBe("ten");
  expect(latestSchema({})).toBeNull();
  expect(latestSchema(null)).toBeNull();
});

test("the example that a schema names is taken as it is", () => {
  for (const schema of [
    { examples: [{ a: 1 }, { a: 2 }] },
    { example: { a: 1 } },
    { default: { a: 1 }, type: "object" },
  ]) {
    expect(exampleOf(schema)).toEqual({ value: { a: 1 }, made: false });
  }
});

test("one is made from what a schema says of its parts", () => {
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
    made: true,
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

test("a schema that leads back to itself, or nowhere, or is none, breaks nothing", () => {
  expect(exampleOf({ properties: { self: { $ref: "#" } } }).made).toBe(true);
  for (const schema of [{ $ref: "#/nowhere" }, { $ref: "https://example.com/x" }, true, null, "text"]) {
    expect(exampleOf(schema)).toEqual({ value: null, made: true });
  }
  fc.assert(fc.property(fc.jsonValue(), (schema) => void exampleOf(schema)));
});
