/**
 * Compiles JSON Schemas from API callers into payload checks. Supports draft-07, which is the
 * default as in the Svix API, and 2020-12. No references are fetched: they must point into the
 * schema itself.
 */
import { Ajv, type Options, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Finding } from "../core/problem.ts";
import { schemaBytesMax } from "../core/rule.ts";
import { findingsOf, overall, sentence } from "./findings.ts";
import { checkForm, type Validator } from "./form.ts";
import { Meter, stepsMax, TooCostly } from "./meter.ts";
import { Patterns } from "./patterns.ts";
import { type Limits, Preparation, unseenKeywords } from "./prepare.ts";
import { UnusableSchema } from "./unusable-schema.ts";
import { addVisits, Enough } from "./visit.ts";
import { WeightedCache } from "./weighted-cache.ts";

export { UnusableSchema };

/**
 * Limits that keep the compilation of a schema below about 0.1 s. A schema with a hundred fields
 * takes a tenth of that.
 */
const limits: Limits & { instructions: number } = {
  parts: 2000,
  depth: 128,
  patternsOfOneObject: 100,
  alternatives: 256,
  instructions: 20_000,
};

/**
 * Validates a payload against the schema. Returns at most one finding per location, and none if the
 * payload is valid. Never throws.
 */
export interface PayloadCheck {
  (payload: unknown): readonly Finding[];
  /** Does the same, but returns null if the check would cost more than this many steps. */
  within(payload: unknown, stepsMax: number): readonly Finding[] | null;
  /** Approximate memory use of the compiled schema. */
  readonly bytes: number;
  /** Cost of the latest check, at most `stepsMax`. */
  readonly steps: number;
}

/** Measured memory use, in bytes. */
const BYTES_OF_ONE = 40 * 1024;
const BYTES_OF_PART = 600;
const BYTES_OF_INSTRUCTION = 64;

/**
 * The compiled schemas of this thread. The worker thread compiles every schema to measure it, and
 * checks the payloads of those that are too large for the main thread.
 */
const cache = new WeightedCache<PayloadCheck>(32 * 1024 * 1024);

const DRAFT_07 = /^https?:\/\/json-schema\.org\/draft-0[467]\/schema#?$/;
const DRAFT_2020 = /^https?:\/\/json-schema\.org\/draft\/20(19-09|20-12)\/schema#?$/;
const SHOWN_CHARS_MAX = 128;

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
  const meter = new Meter();
  const patterns = new Patterns(limits.instructions);
  const dialect = { isRecent: Validator === Ajv2020, tracks: Validator === Ajv2020 && text.includes('"unevaluated') };
  const preparation = new Preparation(meter, patterns, limits, dialect);
  const prepared = preparation.prepared(schema) as object | boolean;
  if (!isUsable) checkForm(withoutDialect(schema), Validator);
  const ajv = validatorFor(Validator, patterns, meter);
  ajv.opts.unevaluated = dialect.tracks;
  const validate = compiled(prepared, ajv);
  const bytes =
    BYTES_OF_ONE + 2 * text.length + BYTES_OF_PART * preparation.parts + BYTES_OF_INSTRUCTION * patterns.instructions;
  const check = checkWith(validate, meter, bytes);
  // A schema that refers to itself endlessly fails for any payload.
  if (!isUsable && check({}).some(({ type }) => type === ENDLESS)) {
    throw new UnusableSchema("The schema refers to itself endlessly.");
  }
  return check;
}

function checkWith(validate: ValidateFunction, meter: Meter, bytes: number): PayloadCheck {
  const within = (payload: unknown, steps: number) => findings(validate, meter, payload, steps);
  const check = (payload: unknown) => within(payload, stepsMax) ?? [tooCostly];
  const steps = { get: () => meter.spent };
  return Object.defineProperties(check, { within: { value: within }, bytes: { value: bytes }, steps }) as PayloadCheck;
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

const OPTIONS: Options = {
  strict: false,
  logger: false,
  meta: false,
  validateSchema: false,
  validateFormats: false,
  allErrors: true,
  // Inherited properties such as `constructor` are not fields of a payload.
  ownProperties: true,
  // Otherwise, a schema that is referenced in many places would be compiled once per place.
  inlineRefs: false,
};

/**
 * Creates a validator for one schema. Because schemas do not share a validator, an `$id` in one
 * schema is invisible to the others, and dropping a schema frees all its memory.
 */
function validatorFor(Validator: Validator, patterns: Patterns, meter: Meter): Ajv {
  const ajv = new Validator({ ...OPTIONS, code: { optimize: false, regExp: regExpFor(patterns, meter) } });
  for (const name of unseenKeywords) {
    // Visits apply these keywords. In a prepared schema, a key with such a name may be the name of
    // a subschema.
    ajv.removeKeyword(name);
    // The rule stays, so that an object with such a keyword is still processed and its visit can
    // reject it as a schema.
    ajv.RULES.all[name] = true;
  }
  addVisits(ajv);
  return ajv;
}

function compiled(prepared: object | boolean, ajv: Ajv): ValidateFunction {
  try {
    return ajv.compile(prepared);
  } catch (error) {
    throw unusable(error);
  }
}

function unusable(error: unknown): UnusableSchema {
  if (error instanceof UnusableSchema) return error;
  if (error instanceof RangeError) return new UnusableSchema("The schema is nested too deeply.");
  if (!(error instanceof Error)) return new UnusableSchema("The schema cannot be compiled.");
  const { missingRef } = error as { missingRef?: string };
  if (missingRef === undefined) {
    return new UnusableSchema(`The schema cannot be compiled: ${sentence(error.message.slice(0, SHOWN_CHARS_MAX))}`);
  }
  const reference = missingRef.slice(0, SHOWN_CHARS_MAX);
  return new UnusableSchema(
    `The reference ${reference} does not resolve within the schema; other documents are not fetched.`,
  );
}

const ENDLESS = "schema.endless";
const none: readonly Finding[] = [];
const tooCostly = overall("The payload takes too many steps to validate against the schema.", "schema.cost");

/** Returns null if the check costs more than this many steps. */
function findings(
  validate: ValidateFunction,
  meter: Meter,
  payload: unknown,
  steps: number,
): readonly Finding[] | null {
  meter.start(steps);
  try {
    return validate(payload) ? none : findingsOf(validate.errors ?? [], payload);
  } catch (error) {
    if (error instanceof Enough) return findingsOf(error.errors, payload);
    if (error instanceof TooCostly) return null;
    if (error instanceof RangeError)
      return [overall("The payload cannot be validated because the schema refers to itself endlessly.", ENDLESS)];
    // The validator has a bug in some uses of `unevaluatedProperties` next to `patternProperties`.
    return [overall("The payload cannot be validated because the validator fails on the schema.", "schema.unusable")];
  }
}

/**
 * Returns the regular expression constructor for `patternProperties`, which the validator applies.
 */
function regExpFor(patterns: Patterns, meter: Meter) {
  const regExp = (source: string) => {
    const pattern = patterns.of(source);
    return { test: (name: string) => pattern.test(name, meter), toString: () => source } as RegExp;
  };
  return Object.assign(regExp, { code: "" });
}
