import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { incompatibleChanges } from "../../src/core/schema-compatibility.ts";

const object = (properties: object, required: string[] = [], more: object = {}) => ({
  ...{ type: "object", properties, required },
  ...more,
});
const string = { type: "string" };
const number = { type: "number" };

/** Changes of a schema, with the texts that name them. */
const TABLE: ReadonlyArray<readonly [name: string, before: unknown, after: unknown, changes: string[]]> = [
  ["the same schema", object({ a: string }), object({ a: string }), []],
  ["another description", { ...string, description: "a" }, { ...string, description: "b" }, []],
  ["a new optional property", object({ a: string }), object({ a: string, b: number }), []],
  ["a removed property", object({ a: string, b: number }), object({ b: number }), ["property `a` was removed"]],
  ["a removed required property", object({ a: string }, ["a"]), object({}), ["property `a` was removed"]],
  ["a new required property", object({}), object({ x: string }, ["x"]), ["required property `x` was added"]],
  [
    "a property that becomes required",
    object({ x: string }),
    object({ x: string }, ["x"]),
    ["property `x` became required"],
  ],
  [
    "a property that becomes optional",
    object({ x: string }, ["x"]),
    object({ x: string }),
    ["property `x` is no longer required"],
  ],
  [
    "a property deep inside",
    object({ a: object({ b: object({ c: string }) }) }),
    object({ a: object({ b: object({}) }) }),
    ["property `a.b.c` was removed"],
  ],
  ["another type", object({ a: string }), object({ a: number }), ["`a` no longer allows the type string"]],
  ["a narrowed type", { type: ["string", "null"] }, string, ["the payload no longer allows the type null"]],
  ["a widened type", string, { type: ["string", "null"] }, []],
  ["a number that becomes an integer", number, { type: "integer" }, ["the payload no longer allows the type number"]],
  ["an integer that becomes a number", { type: "integer" }, number, []],
  ["a type that was open", object({ a: {} }), object({ a: string }), ["`a` must now be of type string"]],
  ["a further value", { enum: ["a"] }, { enum: ["a", "b"] }, []],
  [
    "a removed value",
    object({ a: { enum: ["a", "b"] } }),
    object({ a: { enum: ["b"] } }),
    ['`a` no longer allows `"a"`'],
  ],
  ["a new enum", string, { ...string, enum: ["a"] }, ["the payload is now limited to certain values"]],
  ["a constant in place of an enum", { enum: [1, 2] }, { const: 1 }, ["the payload no longer allows `2`"]],
  ["a greater minimum", { minimum: 1 }, { minimum: 2 }, ["the payload has a narrower bound (minimum: 2)"]],
  ["a smaller minimum", { minimum: 2 }, { minimum: 1 }, []],
  ["a smaller maxLength", { maxLength: 5 }, { maxLength: 4 }, ["the payload has a narrower bound (maxLength: 4)"]],
  [
    "a new maxItems",
    { type: "array" },
    { type: "array", maxItems: 3 },
    ["the payload has a narrower bound (maxItems: 3)"],
  ],
  ["a minLength of 0", string, { ...string, minLength: 0 }, []],
  ["a removed bound", { maximum: 3 }, {}, []],
  ["a multiple of a multiple", { multipleOf: 4 }, { multipleOf: 2 }, []],
  ["another multiple", { multipleOf: 2 }, { multipleOf: 4 }, ["the payload must now be a multiple of `4`"]],
  ["unique items", { type: "array" }, { type: "array", uniqueItems: true }, ["the payload must now have unique items"]],
  ["other items", { items: string }, { items: number }, ["`[]` no longer allows the type string"]],
  [
    "properties that are closed",
    object({}),
    object({}, [], { additionalProperties: false }),
    ["the payload no longer allows additional properties"],
  ],
  ["properties that are opened", object({}, [], { additionalProperties: false }), object({}), []],
  [
    "a new property of a map",
    object({}, [], { additionalProperties: number }),
    object({ a: string }, [], { additionalProperties: number }),
    ["`a` no longer allows the type number, integer"],
  ],
  [
    "a new pattern",
    string,
    { ...string, pattern: "^a" },
    ["the payload has another `pattern`, which cannot be compared"],
  ],
  ["a removed pattern", { ...string, pattern: "^a" }, string, []],
  [
    "another reference",
    { $ref: "#/$defs/a" },
    { $ref: "#/$defs/b" },
    ["the payload has another `$ref`, which cannot be compared"],
  ],
  [
    "a definition that is narrowed",
    { $ref: "#/$defs/a", $defs: { a: {} } },
    { $ref: "#/$defs/a", $defs: { a: string } },
    ["`$defs.a` must now be of type string"],
  ],
  ["a schema that allows nothing", true, false, ["the payload no longer allows any value"]],
  ["a schema that allowed nothing", false, string, []],
];

describe("incompatibleChanges", () => {
  test.each(TABLE.map((row) => [...row]))("%s", (_, before, after, changes) => {
    expect(incompatibleChanges(before, after)).toEqual(changes as string[]);
  });

  test("a schema that is nested very deeply, or changed at thousands of places, is compared in bounded time", () => {
    let [before, after]: [object, object] = [string, number];
    for (let i = 0; i < 1000; i++) [before, after] = [{ items: before }, { items: after }];
    expect(incompatibleChanges(before, after)).toEqual([expect.stringContaining("too deeply")]);
    const many = Object.fromEntries(Array.from({ length: 5000 }, (__, i) => [`p${i}`, string]));
    expect(incompatibleChanges(object(many), object({}))).toHaveLength(20);
  });
});

interface Shape {
  readonly [keyword: string]: unknown;
}

/** Returns random schemas without the constructs that the check does not judge. */
const { schema } = fc.letrec<{ schema: Shape }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Shape>({ type: "string" }, { type: "integer" }, { type: ["string", "null"] }, { enum: ["a", 1] }),
    fc.record({ type: fc.constant("integer"), minimum: fc.nat(3), maximum: fc.integer({ min: 3, max: 6 }) }),
    fc.record({ type: fc.constant("array"), items: tie("schema"), maxItems: fc.nat(2) }),
    fc
      .dictionary(fc.constantFrom("a", "b", "c"), tie("schema"), { maxKeys: 3 })
      .chain((properties) =>
        fc.subarray(Object.keys(properties)).map((required): Shape => ({ type: "object", properties, required })),
      ),
  ),
}));

/** Returns payloads that match a schema and contain only properties that it names. */
function payload({
  type,
  minimum,
  maximum,
  items,
  maxItems,
  properties,
  required,
  enum: values,
}: Shape): fc.Arbitrary<unknown> {
  if (values !== undefined) return fc.constantFrom(...(values as unknown[]));
  if (type === "string") return fc.constantFrom("", "a", "b");
  if (Array.isArray(type)) return fc.constantFrom("", "a", null);
  if (type === "integer") {
    return fc.integer({ min: (minimum as number | undefined) ?? -2, max: (maximum as number | undefined) ?? 8 });
  }
  if (type === "array") return fc.array(payload(items as Shape), { maxLength: maxItems as number });
  const models = Object.entries(properties as Record<string, Shape>).map(([name, one]) => [name, payload(one)]);
  return fc.record(Object.fromEntries(models), { requiredKeys: required as never[] }) as fc.Arbitrary<unknown>;
}

/** A slow check of the keywords that the random schemas have. */
function matches(
  value: unknown,
  { type, minimum, maximum, items, maxItems, properties, required, enum: values }: Shape,
): boolean {
  if (values !== undefined) return (values as unknown[]).includes(value);
  const isNull = value === null && Array.isArray(type);
  if (type === "string" || Array.isArray(type)) return isNull || typeof value === "string";
  if (type === "integer") {
    const [low, high] = [(minimum as number | undefined) ?? -Infinity, (maximum as number | undefined) ?? Infinity];
    return Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
  }
  if (type === "array") {
    return (
      Array.isArray(value) && value.length <= (maxItems as number) && value.every((one) => matches(one, items as Shape))
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const has = value as Record<string, unknown>;
  const all = Object.entries(properties as Record<string, Shape>);
  return (
    (required as string[]).every((name) => Object.hasOwn(has, name)) &&
    all.every(([name, one]) => !Object.hasOwn(has, name) || matches(has[name], one))
  );
}

/** Returns whether everything is there that a consumer of the schema relies on. */
function isReadable(value: unknown, { items, properties, required }: Shape): boolean {
  if (Array.isArray(value)) return items === undefined || value.every((one) => isReadable(one, items as Shape));
  if (typeof value !== "object" || value === null || properties === undefined) return true;
  const has = value as Record<string, unknown>;
  return (
    (required as string[]).every((name) => Object.hasOwn(has, name)) &&
    Object.entries(properties as Record<string, Shape>).every(
      ([name, one]) => !Object.hasOwn(has, name) || isReadable(has[name], one),
    )
  );
}

/** Returns pairs of schemas of which many are compatible. */
const pair = fc.tuple(schema, schema, fc.boolean()).map(([before, other, same]): [Shape, Shape] => {
  if (!same || before.properties === undefined) return [before, same ? before : other];
  const properties = { ...(before.properties as object), d: other };
  return [before, { ...before, properties }];
});

describe("the cost of a comparison", () => {
  test("the values of two large enums are not compared in pairs", () => {
    const count = 300;
    let reads = 0;
    const counted = (value: object) =>
      new Proxy(value, {
        ownKeys(target) {
          reads++;
          return Reflect.ownKeys(target);
        },
      });
    const values = (from: number) => Array.from({ length: count }, (_, i) => counted({ i: from + i }));
    expect(incompatibleChanges({ enum: values(0) }, { enum: values(count) })).toHaveLength(1);
    expect(reads).toBeLessThan(10 * count);
  });

  test("a large schema that would be compared with many others counts as changed", () => {
    const many = (count: number, value: unknown) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, value]));
    const before = object({}, [], { additionalProperties: { properties: many(5000, false) } });
    const after = { ...before, properties: many(5000, {}) };
    expect(incompatibleChanges(before, after)).toEqual([expect.stringContaining("is too large to be compared")]);
  });
});

test("values of an enum are equal if they are the same JSON value", () => {
  const before = { enum: [{ a: 1, b: [2, { c: null }] }, 1, "1"] };
  expect(incompatibleChanges(before, { enum: ["1", 1, { b: [2, { c: null }], a: 1 }] })).toEqual([]);
  const after = { enum: [[["a", 1]], 1, "1"] };
  expect(incompatibleChanges({ enum: [{ a: 1 }, 1, "1"] }, after)).toEqual(['the payload no longer allows `{"a":1}`']);
});

describe("a change that counts as compatible", () => {
  test("a compatible schema accepts every payload with known properties that matched before", () => {
    fc.assert(
      fc.property(
        pair.chain(([before, after]) => fc.tuple(fc.constant(before), fc.constant(after), payload(before))),
        ([before, after, value]) => {
          expect(matches(value, before)).toBe(true);
          if (incompatibleChanges(before, after).length === 0) expect(matches(value, after)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("a payload of a compatible schema has everything that the old schema required", () => {
    fc.assert(
      fc.property(
        pair.chain(([before, after]) => fc.tuple(fc.constant(before), fc.constant(after), payload(after))),
        ([before, after, value]) => {
          if (incompatibleChanges(before, after).length === 0) expect(isReadable(value, before)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
