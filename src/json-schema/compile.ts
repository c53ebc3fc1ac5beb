/**
 * JSON Schemas that callers send, made into checks of payloads. Draft-07 (also meant when a schema does not say which it is
 * of, as in the Svix API) and 2020-12. Nothing is ever fetched: a reference must lead to a place in the schema itself.
 */
import { Ajv, type Options, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Finding } from "../core/problem.ts";
import { findingsOf, overall, sentence } from "./findings.ts";
import { checkForm, type Validator } from "./form.ts";
import { Meter, TooCostly } from "./meter.ts";
import { Patterns } from "./patterns.ts";
import { type Limits, Preparation, unseenKeywords } from "./prepare.ts";
import { UnusableSchema } from "./unusable-schema.ts";
import { addVisits, Enough } from "./visit.ts";
import { WeightedCache } from "./weighted-cache.ts";

export { UnusableSchema };

/** Of one schema as JSON. */
export const schemaBytesMax = 64 * 1024;

/**
 * Compiling takes time in which nothing else happens. These keep it to some 0.1 s, whatever the schema looks like; one of a hundred fields
 * takes a tenth of that.
 */
const limits: Limits & { instructions: number } = {
  parts: 2000,
  depth: 128,
  patternsOfOneObject: 100,
  alternatives: 256,
  instructions: 20_000,
};

/** Says why a payload does not fit, at most one finding a place; empty when it fits. Never throws. */
export interface PayloadCheck {
  (payload: unknown): readonly Finding[];
  /** How much memory it takes, about. */
  readonly bytes: number;
  /** What the latest check has cost: at most `stepsMax`. */
  readonly steps: number;
}

/** As measured. */
const BYTES_OF_ONE = 40 * 1024;
const BYTES_OF_PART = 600;
const BYTES_OF_INSTRUCTION = 64;

/** They are compiled when they are taken and again when a message needs them, which is often soon after. */
const latest = new WeightedCache<PayloadCheck>(4 * 1024 * 1024);

const DRAFT_07 = /^https?:\/\/json-schema\.org\/draft-0[467]\/schema#?$/;
const DRAFT_2020 = /^https?:\/\/json-schema\.org\/draft\/20(19-09|20-12)\/schema#?$/;
const SHOWN_CHARS_MAX = 128;

/** Throws `UnusableSchema`. */
export function compileSchema(schema: unknown): PayloadCheck {
  if (typeof schema !== "boolean" && (typeof schema !== "object" || schema === null || Array.isArray(schema))) {
    throw new UnusableSchema("A JSON Schema is an object.");
  }
  const text = JSON.stringify(schema);
  const bytes = Buffer.byteLength(text);
  if (bytes > schemaBytesMax) {
    throw new UnusableSchema(`It is ${bytes} bytes long as JSON; at most ${schemaBytesMax} are taken.`);
  }
  const known = latest.get(text);
  if (known !== undefined) return known;
  const check = compiledAnew(schema, text);
  latest.keep(text, check, check.bytes);
  return check;
}

function compiledAnew(schema: object | boolean, text: string): PayloadCheck {
  const Validator = validatorOf(schema);
  const meter = new Meter();
  const patterns = new Patterns(limits.instructions);
  const dialect = { isRecent: Validator === Ajv2020, tracks: Validator === Ajv2020 && text.includes('"unevaluated') };
  const preparation = new Preparation(meter, patterns, limits, dialect);
  const prepared = preparation.prepared(schema) as object | boolean;
  checkForm(withoutDialect(schema), Validator);
  const ajv = validatorFor(Validator, patterns, meter);
  ajv.opts.unevaluated = dialect.tracks;
  const validate = compiled(prepared, ajv);
  const bytes =
    BYTES_OF_ONE + 2 * text.length + BYTES_OF_PART * preparation.parts + BYTES_OF_INSTRUCTION * patterns.instructions;
  const check = checkWith(validate, meter, bytes);
  // One that refers to itself without end shows it with any payload.
  if (check({}).some(({ type }) => type === ENDLESS)) {
    throw new UnusableSchema("It cannot be applied: it refers to itself without end.");
  }
  return check;
}

function checkWith(validate: ValidateFunction, meter: Meter, bytes: number): PayloadCheck {
  const check = (payload: unknown) => findings(validate, meter, payload);
  return Object.defineProperties(check, { bytes: { value: bytes }, steps: { get: () => meter.spent } }) as PayloadCheck;
}

function validatorOf(schema: object | boolean): Validator {
  const dialect = (schema as { $schema?: unknown }).$schema;
  if (dialect === undefined || (typeof dialect === "string" && DRAFT_07.test(dialect))) return Ajv;
  if (typeof dialect === "string" && DRAFT_2020.test(dialect)) return Ajv2020;
  const known = "http://json-schema.org/draft-07/schema# and https://json-schema.org/draft/2020-12/schema";
  throw new UnusableSchema(`Unknown dialect; these are known: ${known}.`, ["$schema"]);
}

/** The choice has been made; older dialects are checked by the rules of the newer one. */
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
  // A payload has no `constructor` because every object has one.
  ownProperties: true,
  // One that is used in many places would be compiled for each of them.
  inlineRefs: false,
};

/** A validator of its own for each schema: what one names `$id` is not seen by another, and it all goes when it is dropped. */
function validatorFor(Validator: Validator, patterns: Patterns, meter: Meter): Ajv {
  const ajv = new Validator({ ...OPTIONS, code: { optimize: false, regExp: regExpFor(patterns, meter) } });
  for (const name of unseenKeywords) {
    // Visits do this, and in a prepared schema such a word is the name of another schema.
    ajv.removeKeyword(name);
    // But what has such a word is still looked at, so that the visit there may refuse to be one.
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
  if (error instanceof RangeError) return new UnusableSchema("It is nested too deep.");
  if (!(error instanceof Error)) return new UnusableSchema("It cannot be compiled.");
  const { missingRef } = error as { missingRef?: string };
  if (missingRef === undefined) {
    return new UnusableSchema(`It cannot be compiled: ${sentence(error.message.slice(0, SHOWN_CHARS_MAX))}`);
  }
  const reference = missingRef.slice(0, SHOWN_CHARS_MAX);
  return new UnusableSchema(`The reference ${reference} leads to no place in the schema; nothing is fetched.`);
}

const ENDLESS = "schema.endless";
const none: readonly Finding[] = [];

function findings(validate: ValidateFunction, meter: Meter, payload: unknown): readonly Finding[] {
  meter.start();
  try {
    return validate(payload) ? none : findingsOf(validate.errors ?? [], payload);
  } catch (error) {
    if (error instanceof Enough) return findingsOf(error.errors, payload);
    if (error instanceof TooCostly) return [overall("It takes too many steps to check it.", "schema.cost")];
    if (error instanceof RangeError) return [overall("It cannot be checked: the schema goes on without end.", ENDLESS)];
    // The validator has a mistake of its own with some uses of `unevaluatedProperties` beside `patternProperties`.
    return [overall("It cannot be checked: the validator fails at the schema.", "schema.unusable")];
  }
}

/** For `patternProperties`, which the validator applies. */
function regExpFor(patterns: Patterns, meter: Meter) {
  const regExp = (source: string) => {
    const pattern = patterns.of(source);
    return { test: (name: string) => pattern.test(name, meter), toString: () => source } as RegExp;
  };
  return Object.assign(regExp, { code: "" });
}
