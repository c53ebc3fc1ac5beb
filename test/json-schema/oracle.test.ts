import { describe, expect, test } from "bun:test";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { compileSchema } from "../../src/json-schema/compile.ts";
import { counted } from "../support/counted.ts";

/** Time limit in ms. The tests compile many schemas, which takes long on a busy machine. */
const TIMEOUT_MS = 60_000;

/**
 * These tests compare compiled schemas with plain Ajv. The preparation of a schema must not change
 * its meaning.
 */

const names = fc.constantFrom("a", "b", "c", "__proto__", "then");
const types = fc.constantFrom("null", "boolean", "string", "number", "integer", "array", "object");
const small = fc.integer({ min: 0, max: 3 });
const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.constantFrom(null, true, false, 0, 1, 2, 1.5, -3, "", "a", "ab", "1", "😀"),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { noNullPrototype: true }),
  ),
})).value;

const assertions: Record<string, fc.Arbitrary<unknown>> = {
  type: fc.oneof(types, fc.uniqueArray(types, { minLength: 1, maxLength: 3 })),
  const: values,
  enum: fc.uniqueArray(values, { minLength: 1, maxLength: 4, selector: (value) => JSON.stringify(value) }),
  multipleOf: fc.constantFrom(1, 2, 3),
  minimum: small,
  maximum: small,
  exclusiveMinimum: small,
  exclusiveMaximum: small,
  minLength: small,
  maxLength: small,
  pattern: fc.constantFrom("^a", "b$", "^(a|b)+$", "^.$", "(?<!a)b"),
  minItems: small,
  maxItems: small,
  uniqueItems: fc.boolean(),
  minProperties: small,
  maxProperties: small,
  required: fc.uniqueArray(names, { maxLength: 3 }),
};

type Tie = (name: "schema") => fc.Arbitrary<unknown>;

function applicators(tie: Tie, isRecent: boolean): Record<string, fc.Arbitrary<unknown>> {
  const schema = tie("schema");
  const list = fc.array(schema, { minLength: 1, maxLength: 3 });
  const map = fc.dictionary(names, schema, { maxKeys: 3, noNullPrototype: true });
  const both = {
    properties: map,
    patternProperties: fc.dictionary(fc.constantFrom("^a", "b|c", "."), schema, { noNullPrototype: true }),
    additionalProperties: schema,
    propertyNames: schema,
    contains: schema,
    allOf: list,
    anyOf: list,
    oneOf: list,
    not: schema,
    if: schema,
    // biome-ignore lint/suspicious/noThenProperty: it is a keyword.
    then: schema,
    else: schema,
    $ref: fc.constantFrom("#/definitions/x", "#/definitions/y"),
  };
  const dependencies = fc.dictionary(names, fc.oneof(schema, fc.uniqueArray(names, { maxLength: 2 })), {
    noNullPrototype: true,
  });
  if (!isRecent) return { ...both, items: fc.oneof(schema, list), additionalItems: schema, dependencies };
  return {
    ...both,
    items: schema,
    prefixItems: list,
    minContains: small,
    maxContains: small,
    dependentSchemas: map,
    dependentRequired: fc.dictionary(names, fc.uniqueArray(names, { maxLength: 2 }), { noNullPrototype: true }),
    unevaluatedProperties: schema,
    unevaluatedItems: schema,
  };
}

function schemas(isRecent: boolean): fc.Arbitrary<object> {
  const { schema, leaf } = fc.letrec<{ schema: unknown; leaf: unknown }>((tie) => ({
    leaf: fc.oneof(fc.boolean(), some(assertions)),
    schema: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      tie("leaf"),
      some({ ...assertions, ...applicators(tie as unknown as Tie, isRecent) }),
    ),
  }));
  // References point only to leaves, so that no schema refers to itself endlessly.
  const dialect = isRecent ? { $schema: "https://json-schema.org/draft/2020-12/schema" } : {};
  return fc
    .record({ top: schema, x: leaf, y: leaf })
    .map(({ top, x, y }) => ({ ...dialect, allOf: [top], definitions: { x, y } }));
}

/** Generates a few of these keywords. With too many keywords, no value would ever match. */
function some(keywords: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  const entries = Object.entries(keywords).map(([name, value]) => value.map((one): [string, unknown] => [name, one]));
  return fc.array(fc.oneof(...entries), { maxLength: 4 }).map((chosen) => Object.fromEntries(chosen));
}

/**
 * By the standard, items that match `contains` count as evaluated. Ajv does not mark them as
 * evaluated if `contains` matches every value.
 */
const CONTAINS_ANYTHING = /"contains":(\{\}|true)/g;
const CONTAINS_SOMETHING = '"contains":{"minLength":0}';

/**
 * Returns whether plain Ajv accepts the payload, or null if Ajv fails because of its bugs in
 * tracking evaluated fields.
 */
function fitsByAjv(schema: object, payload: unknown): boolean | null {
  const { $schema, ...rest } = schema as { $schema?: string };
  const Validator = $schema === undefined ? Ajv : Ajv2020;
  const ajv = new Validator({
    strict: false,
    logger: false,
    validateSchema: false,
    allErrors: true,
    ownProperties: true,
  });
  try {
    return ajv.validate(JSON.parse(JSON.stringify(rest).replaceAll(CONTAINS_ANYTHING, CONTAINS_SOMETHING)), payload);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

for (const [dialect, isRecent] of [
  ["draft-07", false],
  ["2020-12", true],
] as const) {
  describe(`schemas of ${dialect}`, () => {
    test(
      `checking a payload against a ${dialect} schema has the same result as with plain Ajv`,
      () => {
        const verdicts = { fits: 0, not: 0 };
        fc.assert(
          fc.property(schemas(isRecent), fc.array(values, { minLength: 3, maxLength: 3 }), (schema, payloads) => {
            const check = compileSchema(schema);
            for (const payload of payloads) {
              const fits = fitsByAjv(schema, payload);
              if (fits === null) continue;
              verdicts[fits ? "fits" : "not"]++;
              expect([schema, payload, check(payload).length === 0]).toEqual([schema, payload, fits]);
            }
          }),
          { numRuns: 300 },
        );
        expect(Math.min(verdicts.fits, verdicts.not)).toBeGreaterThan(100);
      },
      TIMEOUT_MS,
    );

    test(
      `checking a payload against a ${dialect} schema reads no more values than its cost allows`,
      () => {
        let bounded = 0;
        fc.assert(
          fc.property(schemas(isRecent), values, (schema, payload) => {
            const check = compileSchema(schema);
            const { value, reads } = counted({ x: payload });
            expect(check(value).length).toBeLessThanOrEqual(20);
            if (check.cost === Number.POSITIVE_INFINITY) return;
            bounded++;
            expect(reads()).toBeLessThanOrEqual(20 + 4 * check.cost * JSON.stringify({ x: payload }).length);
          }),
          { numRuns: 300 },
        );
        expect(bounded).toBeGreaterThan(100);
      },
      TIMEOUT_MS,
    );
  });
}
