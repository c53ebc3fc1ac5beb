/**
 * Schema keywords that constrain a value itself and contain no subschemas. They are applied here
 * instead of by the validator, for three reasons: each is charged at its real cost, each visit of a
 * value yields at most one failure, and the generated validator code stays small.
 */
import { formatNamed } from "./formats.ts";
import { type Meter, namesPerStep, unlimited } from "./meter.ts";
import type { Patterns } from "./patterns.ts";
import { areUnique, isMultipleOf, ValueSet } from "./values.ts";

/** A constraint that a value violates. */
export interface Failure {
  readonly keyword: string;
  /** A sentence without its initial capital and full stop. It contains no part of the payload. */
  readonly message: string;
  /** Names of the missing fields, if missing fields are the failure. */
  readonly missing?: readonly string[];
}

/** Returns null if the value is valid. Throws `TooCostly`. */
export type Assertion = (value: unknown, meter: Meter) => Failure | null;

/** The value of a keyword is malformed. */
export class MalformedKeyword extends Error {
  override readonly name = "MalformedKeyword";
}

type Maker = (wanted: unknown, schema: Readonly<Record<string, unknown>>, patterns: Patterns) => Assertion | null;

/** Maximum number of missing fields to report. */
const MISSING_MAX = 20;

/** Assertions in the order in which they are applied. Only the first failure is reported. */
const MAKERS: Readonly<Record<string, Maker>> = {
  type: (wanted, schema) => ofType(wanted, schema.nullable === true),
  const: (wanted) => amongValues("const", [wanted], "must be equal to constant"),
  enum: (wanted) => amongValues("enum", listOf(wanted), "must be equal to one of the allowed values"),
  multipleOf: (wanted) => {
    const divisor = numberOf(wanted);
    if (divisor <= 0) throw new MalformedKeyword("must be > 0");
    const message = `must be multiple of ${divisor}`;
    return ofNumber("multipleOf", message, (value, meter) => isMultipleOf(value, divisor, meter));
  },
  minimum: (wanted) => bounded("minimum", ">=", numberOf(wanted), (value, limit) => value >= limit),
  maximum: (wanted) => bounded("maximum", "<=", numberOf(wanted), (value, limit) => value <= limit),
  exclusiveMinimum: (wanted) => bounded("exclusiveMinimum", ">", numberOf(wanted), (value, limit) => value > limit),
  exclusiveMaximum: (wanted) => bounded("exclusiveMaximum", "<", numberOf(wanted), (value, limit) => value < limit),
  minLength: (wanted) => {
    const limit = countOf(wanted);
    const failure = { keyword: "minLength", message: `must NOT have fewer than ${limit} characters` };
    return ofText((text, meter) => (text.length >= limit && charsOf(text, meter) >= limit ? null : failure));
  },
  maxLength: (wanted) => {
    const limit = countOf(wanted);
    const failure = { keyword: "maxLength", message: `must NOT have more than ${limit} characters` };
    return ofText((text, meter) => (text.length <= limit || charsOf(text, meter) <= limit ? null : failure));
  },
  pattern: (wanted, _, patterns) => {
    const pattern = patterns.of(textOf(wanted));
    const failure = { keyword: "pattern", message: `must match pattern "${shortened(textOf(wanted))}"` };
    return ofText((text, meter) => (pattern.test(text, meter) ? null : failure));
  },
  format: (wanted) => {
    const name = textOf(wanted);
    const accepts = formatNamed(name);
    const failure = { keyword: "format", message: `must match format "${shortened(name)}"` };
    return accepts === undefined ? null : (value, meter) => (accepts(value, meter) ? null : failure);
  },
  minItems: (wanted) => {
    const limit = countOf(wanted);
    return ofArray("minItems", `must NOT have fewer than ${limit} items`, (items) => items.length >= limit);
  },
  maxItems: (wanted) => {
    const limit = countOf(wanted);
    return ofArray("maxItems", `must NOT have more than ${limit} items`, (items) => items.length <= limit);
  },
  uniqueItems: (wanted) => (wanted === true ? unique : null),
  minProperties: (wanted) => {
    const limit = countOf(wanted);
    const failure = { keyword: "minProperties", message: `must NOT have fewer than ${limit} properties` };
    return ofObject((object, meter) => (meter.fieldCount(object) >= limit ? null : failure));
  },
  maxProperties: (wanted) => {
    const limit = countOf(wanted);
    const failure = { keyword: "maxProperties", message: `must NOT have more than ${limit} properties` };
    return ofObject((object, meter) => (meter.fieldCount(object) <= limit ? null : failure));
  },
  required: (wanted) => {
    const names = namesOf(wanted);
    return ofObject((object, meter) => missingOf("required", names, object, meter));
  },
  dependentRequired: (wanted) => dependent("dependentRequired", Object.entries(objectOf(wanted))),
  /** Only entries that are lists of names are applied here; the other entries are schemas. */
  dependencies: (wanted) =>
    dependent(
      "dependencies",
      Object.entries(objectOf(wanted)).filter(([, needed]) => Array.isArray(needed)),
    ),
};

/** Names of the assertion keywords of all drafts. */
export const assertionKeywords: readonly string[] = Object.keys(MAKERS);

/**
 * Returns a keyword's assertion, or null if the keyword constrains nothing. Throws
 * `MalformedKeyword` or `UnusablePattern`.
 */
export function assertionOf(
  keyword: string,
  schema: Readonly<Record<string, unknown>>,
  patterns: Patterns,
): Assertion | null {
  return MAKERS[keyword]!(schema[keyword], schema, patterns);
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  null: (value) => value === null,
  boolean: (value) => typeof value === "boolean",
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: (value) => Number.isInteger(value),
  array: Array.isArray,
  object: isObject,
};

function ofType(wanted: unknown, nullable: boolean): Assertion {
  const names = Array.isArray(wanted) ? namesOf(wanted) : [textOf(wanted)];
  const unknown = names.find((name) => !Object.hasOwn(TYPES, name));
  if (unknown !== undefined) throw new MalformedKeyword("must name JSON types");
  const failure = { keyword: "type", message: `must be ${names.join(",")}` };
  const tests = [...new Set(nullable ? [...names, "null"] : names)].map((name) => TYPES[name]!);
  return (value) => (tests.some((is) => is(value)) ? null : failure);
}

function amongValues(keyword: string, values: readonly unknown[], message: string): Assertion {
  const allowed = new ValueSet();
  for (const value of values) allowed.add(value, unlimited);
  const failure = { keyword, message };
  return (value, meter) => (allowed.has(value, meter) ? null : failure);
}

function bounded(keyword: string, sign: string, limit: number, fits: (value: number, limit: number) => boolean) {
  return ofNumber(keyword, `must be ${sign} ${limit}`, (value) => fits(value, limit));
}

function ofNumber(keyword: string, message: string, fits: (value: number, meter: Meter) => boolean): Assertion {
  const failure = { keyword, message };
  return (value, meter) => (typeof value !== "number" || fits(value, meter) ? null : failure);
}

function ofText(assert: (text: string, meter: Meter) => Failure | null): Assertion {
  return (value, meter) => (typeof value === "string" ? assert(value, meter) : null);
}

function ofArray(keyword: string, message: string, fits: (items: readonly unknown[]) => boolean): Assertion {
  const failure = { keyword, message };
  return (value) => (!Array.isArray(value) || fits(value) ? null : failure);
}

function ofObject(assert: (object: object, meter: Meter) => Failure | null): Assertion {
  return (value, meter) => (isObject(value) ? assert(value, meter) : null);
}

/** Counts Unicode characters. Some of them consist of two UTF-16 code units. */
function charsOf(text: string, meter: Meter): number {
  meter.spendOnText(text);
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    if ((text.codePointAt(i) ?? 0) > 0xffff) i++;
    count++;
  }
  return count;
}

const notUnique: Failure = { keyword: "uniqueItems", message: "must NOT have duplicate items" };

function unique(value: unknown, meter: Meter): Failure | null {
  return !Array.isArray(value) || areUnique(value, meter) ? null : notUnique;
}

function missingOf(keyword: string, names: readonly string[], object: object, meter: Meter): Failure | null {
  meter.spend(names.length / namesPerStep);
  const missing: string[] = [];
  for (const name of names) {
    if (Object.hasOwn(object, name)) continue;
    if (missing.push(name) === MISSING_MAX) break;
  }
  return missing.length === 0 ? null : { keyword, message: "is required", missing };
}

function dependent(keyword: string, entries: readonly (readonly [string, unknown])[]): Assertion | null {
  const rules = entries.map(([name, needed]) => ({ name, needed: namesOf(needed) }));
  if (rules.length === 0) return null;
  return ofObject((object, meter) => {
    meter.spend(rules.length / namesPerStep);
    for (const { name, needed } of rules) {
      const failure = Object.hasOwn(object, name) ? missingOf(keyword, needed, object, meter) : null;
      if (failure !== null) return failure;
    }
    return null;
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numberOf(wanted: unknown): number {
  if (typeof wanted !== "number") throw new MalformedKeyword("must be number");
  return wanted;
}

function countOf(wanted: unknown): number {
  if (!Number.isInteger(wanted) || (wanted as number) < 0) throw new MalformedKeyword("must be an integer >= 0");
  return wanted as number;
}

function textOf(wanted: unknown): string {
  if (typeof wanted !== "string") throw new MalformedKeyword("must be string");
  return wanted;
}

function listOf(wanted: unknown): readonly unknown[] {
  if (!Array.isArray(wanted)) throw new MalformedKeyword("must be array");
  return wanted;
}

function objectOf(wanted: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(wanted)) throw new MalformedKeyword("must be object");
  return wanted;
}

function namesOf(wanted: unknown): readonly string[] {
  return listOf(wanted).map(textOf);
}

const SHOWN_CHARS_MAX = 128;

function shortened(text: string): string {
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}…`;
}
