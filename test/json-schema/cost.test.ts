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

/** `d0` refers to `d1` … to the last, which is `end`. */
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
const runaway = "^(a+)+N$";

/** Each would take seconds, or memory without end, if nobody counted. */
const attacks: [string, object, unknown, readonly string[] | null][] = [
  [
    "thousands of missing fields in thousands of items",
    items({ required: many(3000, (i) => `k${i}`) }),
    { x: many(3000, () => ({})) },
    many(20, () => "schema.required"),
  ],
  [
    "thousands of missing fields where that is no mistake",
    items({ anyOf: [{ required: many(3000, (i) => `k${i}`) }, {}] }),
    { x: many(3000, () => ({})) },
    costly,
  ],
  [
    "an enum of thousands of objects against thousands of them",
    items({ enum: many(4000, (i) => ({ a: i })) }),
    { x: many(5000, () => ({ a: -1 })) },
    many(20, () => "schema.enum"),
  ],
  [
    "uniqueItems at every level round a large array",
    { uniqueItems: true, items: { $ref: "#" } },
    nested(
      60,
      many(20_000, (i) => ({ [`k${i}`]: i })),
      (value) => [value],
    ),
    costly,
  ],
  [
    "lists of schemas that anything fits",
    items({ not: { allOf: many(3, () => ({ oneOf: many(250, () => true) })) } }),
    { x: many(100_000, () => 1) },
    costly,
  ],
  ["references that fan out", chain(40, (next) => ({ allOf: [next, next] }), {}), {}, costly],
  ["mistakes that fan out", chain(40, (next) => ({ allOf: [next, next] }), { type: "string" }), {}, costly],
  [
    "references that fan out with each level of the payload",
    { allOf: [twice, twice] },
    nested(100, {}, (x) => ({ x })),
    costly,
  ],
  [
    "mistakes behind a reference",
    chain(1, (next) => next, items({ type: "string" })),
    { x: many(50_000, () => 1) },
    costly,
  ],
  ["mistakes in great number", items({ type: "string" }), { x: many(200_000, () => 1) }, many(20, () => "schema.type")],
  ["fields that are not known", { allOf: many(200, () => ({ additionalProperties: false })) }, wide, null],
  ["fields that are counted often", { allOf: many(250, () => ({ minProperties: 1 })) }, wide, costly],
  ["patterns of fields", { patternProperties: named(100, "^", () => ({ type: "integer" })) }, wide, costly],
  [
    "fields whose being looked at is handed on",
    {
      $schema: DRAFT_2020,
      unevaluatedProperties: false,
      ...chain(90, (next) => next, { patternProperties: { "^k": true } }),
    },
    named(60_000, "k", (i) => i),
    costly,
  ],
  [
    "a long text that is measured often",
    { properties: { x: { allOf: many(250, () => ({ maxLength: 1_999_999, minLength: 900_000 })) } } },
    { x: "é".repeat(1_000_000) },
    costly,
  ],
  ["numbers that are divided in decimal", items({ multipleOf: 1e-300 }), { x: many(150_000, () => 1.7e308) }, costly],
  [
    "properties that are not there",
    items({ properties: named(900, "p", () => ({ type: "string" })) }),
    { x: many(9000, () => ({})) },
    costly,
  ],
  [
    "a pattern that runs away",
    { properties: { x: { pattern: runaway } } },
    { x: `${"a".repeat(60)}!` },
    ["schema.pattern"],
  ],
  [
    "a dozen of them",
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
    "a pattern that looks ahead again and again",
    { properties: { x: { pattern: "((?=.*b)a)*c" } } },
    { x: `${"a".repeat(99_999)}b` },
    costly,
  ],
  ["a pattern against many texts", items({ pattern: "^i\\d+$" }), { x: many(200_000, (i) => `i${i}`) }, costly],
  [
    "formats that take time by the square",
    items({ format: "url" }),
    { x: many(200, () => `http://${":".repeat(8000)}/`) },
    costly,
  ],
  [
    "a long text that is decoded often",
    { properties: { x: { allOf: many(100, () => ({ format: "byte" })) } } },
    { x: "A".repeat(1_024_000) },
    costly,
  ],
  ["expressions as values", items({ format: "regex" }), { x: many(200, () => "%(".repeat(4000)) }, costly],
];

describe("a check ends within its bounds, and says so, when there are", () => {
  for (const [name, schema, payload, types] of attacks) {
    test(name, () => {
      const check = compileSchema(schema);
      const found = check(payload);
      if (types !== null) expect(found.map(({ type }) => type)).toEqual([...types]);
      expect(found.length).toBeLessThanOrEqual(20);
      expect(JSON.stringify(found).length).toBeLessThanOrEqual(10_000);
      expect(check.steps).toBeLessThanOrEqual(stepsMax);
    });

    test(`${name}: what is read of the payload is in proportion to what is counted`, () => {
      const check = compileSchema(schema);
      const { value, reads } = counted(payload);
      check(value);
      expect(reads()).toBeLessThanOrEqual(1000 + 30 * check.steps);
    });
  }
});

describe("what a check costs", () => {
  test("is little for ordinary payloads", () => {
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

  test("leaves room for payloads of a megabyte", () => {
    const check = compileSchema(
      items({ required: ["id"], properties: { id: { type: "integer" }, on: { format: "date" } } }),
    );
    expect(check({ x: many(40_000, (id) => ({ id, on: "2026-01-01" })) })).toEqual([]);
    const unique = compileSchema({ properties: { x: { uniqueItems: true } } });
    expect(unique({ x: many(100_000, (i) => i) })).toEqual([]);
  });

  test("is forgotten when the next check begins", () => {
    const check = compileSchema(items({ type: "integer" }));
    const payload = { x: many(300_000, () => 1) };
    for (let i = 0; i < 5; i++) expect(check(payload)).toEqual([]);
  });
});

describe("what is found is bounded in bytes", () => {
  const long = "n".repeat(60_000);
  const cases: [string, object, unknown][] = [
    ["the names of fields are long", { additionalProperties: false }, named(20, long.slice(0, 30_000), () => 1)],
    ["the names of missing fields are long", { required: many(2, (i) => `${long.slice(0, 30_000)}${i}`) }, {}],
    [
      "places lie deep",
      { type: "object", additionalProperties: { $ref: "#" } },
      nested(
        127,
        named(20, "k", () => 1),
        (x) => ({ [long.slice(0, 500)]: x }),
      ),
    ],
    ["a pattern is long", { additionalProperties: { pattern: long.slice(0, 9000) } }, named(20, "k", () => "x")],
    [
      "there is a long format that nobody knows",
      { additionalProperties: { type: ["null", "array"], format: long } },
      named(20, "k", () => 1),
    ],
  ];
  for (const [name, schema, payload] of cases) {
    test(`when ${name}`, () => {
      const found = compileSchema(schema)(payload);
      expect(found.length).toBeGreaterThan(0);
      expect(JSON.stringify(found).length).toBeLessThanOrEqual(10_000);
    });
  }
});
