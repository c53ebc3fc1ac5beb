/**
 * Extends TypeBox with the rules in `core/rule.ts`, so that a single schema is the type, the check
 * and the documentation. Converts TypeBox's errors to the form of the API.
 */
import {
  Kind,
  KindGuard,
  type ObjectOptions,
  type Static,
  type TNull,
  type TSchema,
  type TUnion,
  type TUnsafe,
  Type,
  TypeRegistry,
} from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { type ValueError, ValueErrorType } from "@sinclair/typebox/errors";
import { parseInstant } from "../../core/instant.ts";
import type { Finding } from "../../core/problem.ts";
import { choiceProblem } from "../../core/rule.ts";

/** Returns the error in a value of the right type, or null if it is valid. */
type Rule<T> = (value: T) => string | null;

const BASE = Symbol("base");
const RULE = Symbol("rule");
const RULED = "Ruled";

interface RuledSchema extends TSchema {
  [BASE]: TSchema;
  [RULE]: Rule<unknown>;
}

TypeRegistry.Set<RuledSchema>(
  RULED,
  (schema, value) => checker(schema[BASE]).Check(value) && schema[RULE](value) === null,
);

/** Returns a schema that also checks a rule. `docs` appears only in the OpenAPI document. */
export function ruled<S extends TSchema>(base: S, rule: Rule<Static<S>>, docs: object = {}): TUnsafe<Static<S>> {
  const schema = { ...base, ...docs, [Kind]: RULED, [BASE]: base, [RULE]: rule as Rule<unknown> };
  return schema as unknown as TUnsafe<Static<S>>;
}

/** Returns the schema without its rules. */
export function baseOf(schema: TSchema): TSchema {
  return schema[Kind] === RULED ? baseOf((schema as RuledSchema)[BASE]) : schema;
}

/**
 * An object with any keys, whose values all match a schema. `Type.Record` does not check the values
 * of keys that contain a line break.
 */
export function record<S extends TSchema>(values: S, options: ObjectOptions = {}): TUnsafe<Record<string, Static<S>>> {
  return Type.Object({}, { ...options, additionalProperties: values }) as unknown as TUnsafe<Record<string, Static<S>>>;
}

export function nullable<S extends TSchema>(schema: S): TUnion<[S, TNull]> {
  return Type.Union([schema, Type.Null()]);
}

/**
 * Returns the items without repetitions. As in the Svix API, requests may repeat items of a list.
 */
export function withoutRepetitions<Item>(items: readonly Item[]): readonly Item[] {
  return items.length < 2 ? items : [...new Set(items)];
}

/** Returns the schema of a response value that is one of several words. */
export function wordOut<const Words extends readonly string[]>(
  words: Words,
  options: { description?: string } = {},
): TUnsafe<Words[number]> {
  return Type.String({ ...options, enum: [...words] }) as unknown as TUnsafe<Words[number]>;
}

/** Returns the schema of a request value that is one of several words. */
export function choice<const Words extends readonly string[]>(
  words: Words,
  options: { description?: string; default?: Words[number] } = {},
): TUnsafe<Words[number]> {
  const base = Type.String({ ...options, enum: words }) as unknown as TUnsafe<Words[number]>;
  return ruled(base, (word) => choiceProblem(word, words));
}

/** Returns the schema of a string that contains a time. */
export function instantText(description: string): TUnsafe<string> {
  const rule = (text: string) =>
    parseInstant(text) === null ? "Must be an instant such as 2026-01-01T00:00:00Z." : null;
  return ruled(Type.String(), rule, { format: "date-time", description });
}

const checkers = new WeakMap<TSchema, TypeCheck<TSchema>>();

/** Compiles a schema on first use, so that the server starts fast. */
export function checker(schema: TSchema): TypeCheck<TSchema> {
  let compiled = checkers.get(schema);
  if (compiled === undefined) {
    compiled = TypeCompiler.Compile(schema);
    checkers.set(schema, compiled);
  }
  return compiled;
}

/**
 * Returns a valid body without fields that the schema does not declare, because these have not been
 * checked. A body whose schema is not a plain object is returned unchanged.
 */
export function knownFieldsOf(schema: TSchema, body: unknown): unknown {
  if (!KindGuard.IsObject(schema)) return body;
  const { properties } = schema;
  const entries = Object.entries(body as object);
  return entries.every(([name]) => Object.hasOwn(properties, name))
    ? body
    : Object.fromEntries(entries.filter(([name]) => Object.hasOwn(properties, name)));
}

/** Maximum number of findings in one response. */
export const FINDINGS_MAX = 20;

/** Returns the errors in a value, at most one per location. They never contain the value. */
export function findingsOf(schema: TSchema, value: unknown, root: "body" | "query"): Finding[] {
  const found = new Map<string, Finding>();
  for (const { path, msg, type } of causes(checker(schema).Errors(value), "")) {
    if (!found.has(path)) found.set(path, { loc: [root, ...locOf(path, value)], msg, type });
    if (found.size === FINDINGS_MAX) break;
  }
  return [...found.values()];
}

interface Cause {
  readonly path: string;
  readonly msg: string;
  readonly type: string;
}

function* causes(errors: Iterable<ValueError>, prefix: string): Generator<Cause> {
  for (const error of errors) {
    yield* causesOf(error, prefix);
    // The items of an oversized array or object are not checked.
    if (tooMuch.has(error.type)) return;
  }
}

function* causesOf(error: ValueError, prefix: string): Generator<Cause> {
  const path = prefix + error.path;
  const alternative = error.type === ValueErrorType.Union ? error.errors[0] : undefined;
  if (error.type === ValueErrorType.ObjectRequiredProperty) {
    yield { path, msg: "This field is required.", type: "value_error.jsondecode" };
  } else if (alternative !== undefined) {
    // The first alternative is the expected type; the second is null.
    yield* causes(alternative, prefix);
  } else if (error.schema[Kind] === RULED) {
    yield* causesOfRuled(error.schema as RuledSchema, error.value, path);
  } else {
    const isValueError = valueErrors.has(error.type);
    const msg = isValueError ? `${error.message}.` : `${error.message}, but got ${kindOf(error.value)}.`;
    yield { path, msg, type: isValueError ? "value_error" : "value_error.jsondecode" };
  }
}

function* causesOfRuled(schema: RuledSchema, value: unknown, path: string): Generator<Cause> {
  const base = checker(schema[BASE]);
  if (!base.Check(value)) yield* causes(base.Errors(value), path);
  else yield { path, msg: schema[RULE](value) ?? "Invalid value.", type: "value_error" };
}

/** Returns the name of a value's JSON type. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

const tooMuch: ReadonlySet<ValueErrorType> = new Set([
  ValueErrorType.ArrayMaxItems,
  ValueErrorType.ObjectMaxProperties,
]);

/** Errors for values that have the right type. */
const valueErrors: ReadonlySet<ValueErrorType> = new Set([
  ValueErrorType.ArrayMaxItems,
  ValueErrorType.ArrayMinItems,
  ValueErrorType.ArrayUniqueItems,
  ValueErrorType.IntegerMaximum,
  ValueErrorType.IntegerMinimum,
  ValueErrorType.NumberMaximum,
  ValueErrorType.NumberMinimum,
  ValueErrorType.ObjectMaxProperties,
  ValueErrorType.ObjectMinProperties,
  ValueErrorType.StringMaxLength,
  ValueErrorType.StringMinLength,
  ValueErrorType.StringPattern,
]);

const SEGMENT_CHARS_MAX = 128;

/** Converts a JSON pointer: `/messages/0/eventType` becomes `messages`, `[0]`, `eventType`. */
function locOf(pointer: string, value: unknown): string[] {
  const loc: string[] = [];
  let at = value;
  for (const escaped of pointer.split("/").slice(1)) {
    const key = escaped.replaceAll("~1", "/").replaceAll("~0", "~");
    loc.push(Array.isArray(at) ? `[${key}]` : key.slice(0, SEGMENT_CHARS_MAX));
    at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined;
  }
  return loc;
}
