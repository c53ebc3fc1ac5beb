/**
 * Compiles JSON Schemas from API callers into payload checks. Supports draft-07, which is the
 * default as in the Svix API, and 2020-12. No references are fetched: they must point into the
 * schema itself.
 */
import { Ajv, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Finding } from "../core/problem.ts";
import { schemaBytesMax } from "../core/rule.ts";
import { costOf } from "./cost.ts";
import { findingsOf, overall } from "./findings.ts";
import { checkForm, type Validator } from "./form.ts";
import { Patterns } from "./patterns.ts";
import { prepared } from "./prepare.ts";
import { UnusableSchema } from "./unusable-schema.ts";
import { compileWith, TooManyErrors } from "./validator.ts";
import { WeightedCache } from "./weighted-cache.ts";

export { UnusableSchema };

/**
 * Validates a payload against the schema. Returns at most one finding per location, and none if the
 * payload is valid. Never throws. May take any time if `cost` is infinite.
 */
export interface PayloadCheck {
  (payload: unknown): readonly Finding[];
  /** Approximate memory use of the compiled schema. */
  readonly bytes: number;
  /** Highest cost of a check per byte of its payload, in steps of about 10 ns. May be Infinity. */
  readonly cost: number;
}

/** Measured memory use, in bytes. */
const BYTES_OF_ONE = 40 * 1024;
const BYTES_OF_CODE_CHAR = 4;
const BYTES_OF_INSTRUCTION = 128;

/** The compiled schemas of this thread. */
const cache = new WeightedCache<PayloadCheck>(32 * 1024 * 1024);

const DRAFT_07 = /^https?:\/\/json-schema\.org\/draft-0[467]\/schema#?$/;
const DRAFT_2020 = /^https?:\/\/json-schema\.org\/draft\/20(19-09|20-12)\/schema#?$/;

/** Compiles a schema or returns the cached result. Throws `UnusableSchema`. */
export function compileSchema(schema: unknown): PayloadCheck {
  return cached(schema, JSON.stringify(schema), false);
}

/** Compiles a schema, given as JSON text without whitespace. Throws `UnusableSchema`. */
export function compileSchemaText(text: string): PayloadCheck {
  return cache.get(text) ?? cached(JSON.parse(text), text, false);
}

/**
 * Compiles a schema that `compileSchema` accepts, for instance on another thread. Skips the check
 * against the meta-schema, because compiling the meta-schema would take tens of ms.
 */
export function compileUsableSchema(schema: unknown): PayloadCheck {
  return cached(schema, JSON.stringify(schema), true);
}

function cached(schema: unknown, text: string, isUsable: boolean): PayloadCheck {
  if (typeof schema !== "boolean" && (typeof schema !== "object" || schema === null || Array.isArray(schema))) {
    throw new UnusableSchema("The schema must be a JSON object or a boolean.");
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > schemaBytesMax) {
    throw new UnusableSchema(`The schema has ${bytes} bytes as JSON; the limit is ${schemaBytesMax}.`);
  }
  const known = cache.get(text);
  if (known !== undefined) return known;
  const check = compileUncached(schema, text, isUsable);
  cache.keep(text, check, check.bytes);
  return check;
}

function compileUncached(schema: object | boolean, text: string, isUsable: boolean): PayloadCheck {
  const Validator = validatorOf(schema);
  const sent = withoutDialect(schema);
  const patterns = new Patterns();
  const own = unlessTooDeep(() => {
    if (!isUsable) checkForm(sent, Validator);
    return prepared(sent, patterns);
  });
  const { validate, codeChars } = compileWith(Validator, own, patterns);
  const check = (payload: unknown) => findings(validate, payload);
  // A schema that refers to itself endlessly fails for any payload.
  if (!isUsable && check({}).some(({ type }) => type === ENDLESS)) {
    throw new UnusableSchema("The schema refers to itself endlessly.");
  }
  const bytes =
    BYTES_OF_ONE + 2 * text.length + BYTES_OF_CODE_CHAR * codeChars + BYTES_OF_INSTRUCTION * patterns.instructions;
  return Object.assign(check, { bytes, cost: costOf(own, patterns) });
}

function unlessTooDeep<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw new UnusableSchema("The schema is nested too deeply.");
    throw error;
  }
}

function validatorOf(schema: object | boolean): Validator {
  const dialect = (schema as { $schema?: unknown }).$schema;
  if (dialect === undefined || (typeof dialect === "string" && DRAFT_07.test(dialect))) return Ajv;
  if (typeof dialect === "string" && DRAFT_2020.test(dialect)) return Ajv2020;
  const known = "http://json-schema.org/draft-07/schema# or https://json-schema.org/draft/2020-12/schema";
  throw new UnusableSchema(`The dialect is not supported; use ${known}.`, ["$schema"]);
}

/**
 * Removes `$schema`, by which the validator has already been chosen. It may name an older dialect,
 * which the validator checks by the rules of its own dialect.
 */
function withoutDialect(schema: object | boolean): object | boolean {
  if (typeof schema === "boolean") return schema;
  const { $schema: _, ...rest } = schema as { $schema?: unknown };
  return rest;
}

const ENDLESS = "schema.endless";
const none: readonly Finding[] = [];

/** The finding about a payload whose check was stopped. */
export const tooCostly: readonly Finding[] = [
  overall("The payload takes too long to validate against the schema.", "schema.cost"),
];

function findings(validate: ValidateFunction, payload: unknown): readonly Finding[] {
  try {
    return validate(payload) ? none : findingsOf(validate.errors ?? [], payload);
  } catch (error) {
    if (error instanceof TooManyErrors) return tooCostly;
    if (error instanceof RangeError) {
      return [overall("The payload cannot be validated because the schema refers to itself endlessly.", ENDLESS)];
    }
    // The validator has a bug in some uses of `unevaluatedProperties` next to `patternProperties`.
    return [overall("The payload cannot be validated because the validator fails on the schema.", "schema.unusable")];
  } finally {
    // The errors may be many.
    validate.errors = null;
  }
}
