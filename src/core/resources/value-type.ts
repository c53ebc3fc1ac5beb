/**
 * The types that a field of a resource can have. A type says how a value is stored, what a request
 * may send for it, and how a response shows it. It is neutral: the store derives columns and codecs
 * from it, the API derives JSON schemas.
 */
import type { IdCodec, IdPrefix, Seq } from "../id.ts";
import { formatInstant } from "../instant.ts";
import { choiceProblem, distinctProblem } from "../rule.ts";
import { formatDuration, parseDuration } from "../unit.ts";

/** How a database keeps a value. Any of these may be null as well. */
export type Storage = "integer" | "text" | "boolean" | "json";

/** JSON Schema keywords, with their values. */
export type Keywords = Readonly<Record<string, unknown>>;

/** Returns what is wrong with a value that has the right JSON type, or null. */
export type Rule<T> = (value: T) => string | null;

/** What a value looks like in JSON. */
export interface Form {
  /**
   * A JSON type. `map` is an object whose values all have the form `items`; `object` is any object.
   */
  readonly type: "string" | "integer" | "boolean" | "array" | "map" | "object" | "null";
  /** Keywords that are checked, and those that are only for readers, such as `description`. */
  readonly keywords?: Keywords;
  /** For what keywords cannot check, or not fast enough. */
  readonly rule?: Rule<never>;
  /** Keywords that are shown but not checked, because `rule` does that. */
  readonly shown?: Keywords;
  readonly items?: Form;
  readonly nullable?: boolean;
}

/** A type of values that only the server makes. */
export interface OutputType<V = unknown, O = unknown> {
  readonly storage: Storage;
  readonly output: Form;
  format(value: V, ids: IdCodec): O;
}

/** A type of values that clients may send. */
export interface ValueType<V = unknown, I = unknown, O = unknown> extends OutputType<V, O> {
  readonly input: Form;
  /** Gets what `input` accepts. */
  parse(input: I): V;
}

/** A value that is the same in memory and in JSON. */
function same<V>(storage: Storage, input: Form, output: Form): ValueType<V, V, V> {
  return { storage, input, output, parse: (value) => value, format: (value) => value };
}

interface TextOptions extends Keywords {
  readonly rule?: Rule<string>;
  readonly shown?: Keywords;
}

export function text({ rule, shown, ...keywords }: TextOptions = {}): ValueType<string, string, string> {
  const checks = { ...(rule && { rule }), ...(shown && { shown }) };
  return same("text", { type: "string", keywords, ...checks }, { type: "string" });
}

export function flag(keywords: Keywords = {}): ValueType<boolean, boolean, boolean> {
  return same("boolean", { type: "boolean", keywords }, { type: "boolean" });
}

export function integer(keywords: Keywords = {}): ValueType<number, number, number> {
  const { deprecated } = keywords;
  const output: Form = { type: "integer", ...(deprecated !== undefined && { keywords: { deprecated } }) };
  return same("integer", { type: "integer", keywords }, output);
}

/** One of a few words. */
export function choice<const Word extends string>(words: readonly Word[], keywords: Keywords = {}) {
  const rule: Rule<string> = (word) => choiceProblem(word, words);
  const output: Form = { type: "string", keywords: { enum: words } };
  return same<Word>("text", { type: "string", keywords: { ...keywords, enum: words }, rule }, output);
}

interface ListOptions extends Keywords {
  /** None may come twice. */
  readonly distinct?: boolean;
}

export function list<V, I, O>(
  item: ValueType<V, I, O>,
  { distinct = false, ...keywords }: ListOptions = {},
): ValueType<readonly V[], readonly I[], readonly O[]> {
  const form: Form = { type: "array", keywords, items: item.input };
  return {
    storage: "json",
    // JSON Schema has `uniqueItems`, but TypeBox takes a hundred times as long to check it.
    input: distinct ? { ...form, rule: distinctProblem, shown: { uniqueItems: true } } : form,
    output: { type: "array", items: item.output },
    parse: (items) => items.map((one) => item.parse(one)),
    format: (items, ids) => items.map((one) => item.format(one, ids)),
  };
}

interface MapOptions<V> extends Keywords {
  readonly rule?: Rule<Readonly<Record<string, V>>>;
  readonly shown?: Keywords;
}

/** Values by name. */
export function map<V>(item: ValueType<V, V, V>, { rule, shown, ...keywords }: MapOptions<V> = {}) {
  const checks = { ...(rule && { rule }), ...(shown && { shown }) };
  return same<Readonly<Record<string, V>>>(
    "json",
    { type: "map", keywords, items: item.input, ...checks },
    { type: "map", items: item.output },
  );
}

/** Any JSON object. */
export function object(keywords: Keywords = {}) {
  return same<Readonly<Record<string, unknown>>>("json", { type: "object", keywords }, { type: "object" });
}

/** A value that is stored as JSON and is not shown. */
export function json<V>(): OutputType<V, V> {
  return same<V>("json", { type: "object" }, { type: "object" });
}

/**
 * For a field that is not supported yet: any object is refused with `problem`, only null is
 * accepted.
 */
export function reserved(problem: string, keywords: Keywords = {}): ValueType<null, null, null> {
  const input: Form = { type: "object", rule: () => problem, shown: keywords, nullable: true };
  return same("json", input, { type: "null" });
}

/** Null is a value of its own. */
export function nullable<V, I, O>(type: ValueType<V, I, O>): ValueType<V | null, I | null, O | null> {
  return {
    ...nullableOutput(type),
    input: { ...type.input, nullable: true },
    parse: (input) => (input === null ? null : type.parse(input)),
  };
}

export function nullableOutput<V, O>(type: OutputType<V, O>): OutputType<V | null, O | null> {
  return {
    storage: type.storage,
    output: { ...type.output, nullable: true },
    format: (value, ids) => (value === null ? null : type.format(value, ids)),
  };
}

/** A request may send null for `empty`. */
export function nullMeans<V, I, O>(empty: V, type: ValueType<V, I, O>): ValueType<V, I | null, O> {
  return {
    ...type,
    input: { ...type.input, nullable: true },
    parse: (input) => (input === null ? empty : type.parse(input)),
  };
}

/** Milliseconds in memory, a duration such as `5s` in JSON. */
export function duration(maxMs: number, keywords: Keywords = {}): ValueType<number, string, string> {
  const rule = (input: string) => {
    const ms = parseDuration(input);
    if (ms === null) return "Must be a duration such as 250ms, 5s, 30m, 2h or 5d.";
    return ms <= maxMs ? null : `Must be at most ${formatDuration(maxMs)}.`;
  };
  return {
    ...text({ rule, shown: keywords }),
    storage: "integer",
    parse: (input) => parseDuration(input)!,
    format: formatDuration,
  };
}

/** Milliseconds since the Unix epoch in memory, RFC 3339 in JSON. */
export function instant(keywords: Keywords = {}): OutputType<number, string> {
  return {
    storage: "integer",
    output: { type: "string", keywords: { format: "date-time", ...keywords } },
    format: formatInstant,
  };
}

/** The number of a row in memory, an id in JSON. */
export function id(prefix: IdPrefix, keywords: Keywords = {}): OutputType<Seq, string> {
  return {
    storage: "integer",
    output: { type: "string", keywords },
    format: (seq, ids) => ids.encode(prefix, seq),
  };
}
