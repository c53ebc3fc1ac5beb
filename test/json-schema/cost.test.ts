import { describe, expect, test } from "bun:test";
import type { Finding } from "../../src/core/problem.ts";
import { systemClock } from "../../src/edge/clock.ts";
import { compileSchema, compileUsableSchema } from "../../src/json-schema/compile.ts";
import { TaskOverdue } from "../../src/thread/heavy-work.ts";
import { WorkThread } from "../../src/thread/work-thread.ts";
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
const twice = { properties: { x: { $ref: "#" } } };
const wide = named(20_000, "k", (i) => i);
const exponential = "^(a+)+N$";

/** Checks with a higher cost run only on the worker here. */
const COMPARED_COST_MAX = 100_000_000;
/** Maximum number of parts of a payload that a check reads per step of its cost. */
const READS_PER_STEP = 4;

/** Checks that would take seconds or unlimited memory without a limit. Null: any findings. */
const attacks: [string, object, unknown, readonly string[] | null][] = [
  [
    "thousands of missing fields in thousands of items",
    items({ required: many(3000, (i) => `k${i}`) }),
    { x: many(3000, () => ({})) },
    null,
  ],
  [
    "thousands of missing fields that are not an error",
    items({ anyOf: [{ required: many(3000, (i) => `k${i}`) }, {}] }),
    { x: many(3000, () => ({})) },
    null,
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
    null,
  ],
  [
    "lists of schemas that match everything",
    items({ not: { allOf: many(3, () => ({ oneOf: many(250, () => true) })) } }),
    { x: many(100_000, () => 1) },
    null,
  ],
  ["references that fan out", chain(40, (next) => ({ allOf: [next, next] }), {}), {}, null],
  ["errors that fan out", chain(40, (next) => ({ allOf: [next, next] }), { type: "string" }), {}, null],
  [
    "references that fan out with each level of the payload",
    { allOf: [twice, twice] },
    nested(100, {}, (x) => ({ x })),
    null,
  ],
  [
    "errors behind a reference",
    chain(1, (next) => next, items({ type: "string" })),
    { x: many(50_000, () => 1) },
    null,
  ],
  ["more errors than a check collects", items({ type: "string" }), { x: many(200_000, () => 1) }, ["schema.cost"]],
  ["a large number of errors", items({ type: "string" }), { x: many(50_000, () => 1) }, many(20, () => "schema.type")],
  ["many unknown fields", { allOf: many(200, () => ({ additionalProperties: false })) }, wide, null],
  ["fields that are counted many times", { allOf: many(250, () => ({ minProperties: 1 })) }, wide, null],
  ["patterns for field names", { patternProperties: named(100, "^", () => ({ type: "integer" })) }, wide, null],
  [
    "evaluated fields that are passed on through references",
    {
      $schema: DRAFT_2020,
      unevaluatedProperties: false,
      ...chain(90, (next) => next, { patternProperties: { "^k": true } }),
    },
    named(60_000, "k", (i) => i),
    null,
  ],
  [
    "a long text that is measured many times",
    { properties: { x: { allOf: many(250, () => ({ maxLength: 1_999_999, minLength: 900_000 })) } } },
    { x: "é".repeat(1_000_000) },
    null,
  ],
  ["numbers that are divided in decimal", items({ multipleOf: 1e-300 }), { x: many(150_000, () => 1.7e308) }, null],
  [
    "properties that are missing",
    items({ properties: named(900, "p", () => ({ type: "string" })) }),
    { x: many(9000, () => ({})) },
    null,
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
    null,
  ],
  ["a pattern against many texts", items({ pattern: "^i\\d+$" }), { x: many(200_000, (i) => `i${i}`) }, null],
  [
    "formats that take quadratic time",
    items({ format: "url" }),
    { x: many(200, () => `http://${":".repeat(8000)}/`) },
    null,
  ],
  [
    "a long text that is decoded many times",
    { properties: { x: { allOf: many(100, () => ({ format: "byte" })) } } },
    { x: "A".repeat(1_024_000) },
    null,
  ],
  ["regular expressions as values", items({ format: "regex" }), { x: many(200, () => "%(".repeat(4000)) }, null],
];

/** Deadline of the hostile checks, in ms. The real one is longer, and the test need not wait for it. */
const DEADLINE_MS = 300;
/** Deadline of the next check, in ms, with the start of a new thread on a busy machine. */
const NEXT_DEADLINE_MS = 30_000;

describe("checks on the worker thread", () => {
  const file = new URL("../../src/worker.ts", import.meta.url).href;

  for (const [name, schema, payload, types] of attacks) {
    test(`a check ends with findings or at its deadline, and the next one is done (${name})`, async () => {
      let deadlineMs = DEADLINE_MS;
      const clock = { after: (_: number, task: () => void) => systemClock.after(deadlineMs, task) };
      const thread = new WorkThread(clock, () => new Worker(file));
      const check = (text: string, value: unknown) => thread.messageFindings(1, text, JSON.stringify(value));
      const result = await check(JSON.stringify(schema), payload).catch((error: unknown) => error);
      if (!(result instanceof TaskOverdue)) {
        const found = result as readonly Finding[];
        if (types !== null) expect(found.map(({ type }) => type)).toEqual([...types]);
        expect(JSON.stringify(found).length).toBeLessThanOrEqual(10_000);
      }
      deadlineMs = NEXT_DEADLINE_MS;
      const next = await check('{"required":["a"]}', {});
      expect(next).toEqual([expect.objectContaining({ type: "schema.required" })]);
      await thread.stop();
    });
  }
});

describe("cost of a check", () => {
  for (const [name, schema, payload] of attacks) {
    test(`a check that reads many values has a high cost or none (${name})`, () => {
      const check = compileUsableSchema(schema);
      const highest = check.cost * JSON.stringify(payload).length;
      if (highest > COMPARED_COST_MAX) return;
      const { value, reads } = counted(payload);
      check(value);
      expect(reads()).toBeLessThanOrEqual(100 + READS_PER_STEP * highest);
    });
  }

  const costOf = (schema: object) => compileSchema(schema).cost;

  test("the cost of an ordinary schema is low enough for a check on the main thread", () => {
    const address = {
      type: "object",
      required: ["street", "city"],
      properties: { street: { type: "string", maxLength: 200 } },
    };
    const schema = {
      type: "object",
      required: ["id", "email", "address"],
      properties: {
        id: { type: "string", pattern: "^[a-z]+_[0-9A-Za-z]{10,30}$" },
        email: { type: "string", format: "email" },
        address: { $ref: "#/definitions/address" },
        tags: { type: "array", uniqueItems: true, items: { type: "string" } },
        amount: { multipleOf: 0.01 },
      },
      definitions: { address },
    };
    expect(costOf(schema)).toBeLessThan(1000);
  });

  test("a part of a schema costs as much again for each reference to it", () => {
    const list = (count: number) => ({
      allOf: many(count, () => ({ $ref: "#/definitions/a" })),
      definitions: { a: { enum: many(1000, (i) => i) } },
    });
    expect(costOf(list(20))).toBeGreaterThan(15 * costOf(list(1)));
  });

  const unbounded: [string, object][] = [
    ["that refers to itself", { properties: { x: { $ref: "#" } } }],
    ["whose parts refer to each other", chain(1, (next) => ({ items: next }), { items: { $ref: "#/$defs/d0" } })],
    ["with a reference by a name", { allOf: [{ $ref: "#a" }], definitions: { a: { $id: "#a" } } }],
    ["with tracking of evaluated fields", { $schema: DRAFT_2020, unevaluatedProperties: false }],
  ];
  for (const [name, schema] of unbounded) {
    test(`there is no bound for a schema ${name}`, () => {
      expect(costOf(schema)).toBe(Number.POSITIVE_INFINITY);
    });
  }
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
