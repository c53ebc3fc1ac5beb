/**
 * The types of a resource's fields. A type defines how a value is stored, what a request may
 * contain, and how a response shows the value. It is independent of its users: the store derives
 * columns and codecs from it, and the API derives JSON schemas.
 */
import type { ExactObject } from "../exact-json.ts";
import type { IdCodec, IdPrefix, Seq } from "../id.ts";
import { formatInstant } from "../instant.ts";
import { choiceProblem } from "../rule.ts";
import { formatDuration, parseDuration } from "../unit.ts";

/**
 * How a database stores a value. Every column may also be null. `exactJson` is JSON whose numbers keep
 * their text.
 */
export type Storage = "integer" | "text" | "boolean" | "json" | "exactJson";

/** JSON Schema keywords, with their values. */
export type Keywords = Readonly<Record<string, unknown>>;

/** Returns the error in a value of the right JSON type, or null. */
export type Rule<T> = (value: T) => string | null;

/** The JSON form of a value. */
export interface Form {
  /**
   * A JSON type. `map` is an object whose values all have the form `items`; `object` is any object.
   */
  readonly type: "string" | "integer" | "boolean" | "array" | "map" | "object" | "null";
  /** Keywords that are checked, and keywords that are only documentation, such as `description`. */
  readonly keywords?: Keywords;
  /** Checks conditions that keywords cannot express or that are slow to check with keywords. */
  readonly rule?: Rule<never>;
  /** Keywords that are documented but not checked, because `rule` checks them. */
  readonly shown?: Keywords;
  readonly items?: Form;
  /** The declared fields of an object. A field is required if `required` contains its name. */
  readonly fields?: Readonly<Record<string, Form>>;
  readonly required?: readonly string[];
  readonly nullable?: boolean;
}

/** A type for values that only the server generates. */
export interface OutputType<V = unknown, O = unknown> {
  readonly storage: Storage;
  readonly output: Form;
  format(value: V, ids: IdCodec): O;
}

/** A type for values that clients may send. */
export interface ValueType<V = unknown, I = unknown, O = unknown> extends OutputType<V, O> {
  readonly input: Form;
  /** Converts an input that matches `input`. */
  parse(input: I): V;
}

/** Returns a type whose values are the same in memory and in JSON. */
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

/** Returns a type for one of several words. */
export function choice<const Word extends string>(words: readonly Word[], keywords: Keywords = {}) {
  const rule: Rule<string> = (word) => choiceProblem(word, words);
  const output: Form = { type: "string", keywords: { enum: words } };
  return same<Word>("text", { type: "string", keywords: { ...keywords, enum: words }, rule }, output);
}

/** Returns a type for one of several words that only the server chooses. */
export function word<const Word extends string>(
  words: readonly Word[],
  keywords: Keywords = {},
): OutputType<Word, Word> {
  const output: Form = { type: "string", keywords: { ...keywords, enum: words } };
  return { storage: "text", output, format: (value) => value };
}

interface ListOptions extends Keywords {
  /** Whether a repeated item counts only once. Requests may repeat items. */
  readonly distinct?: boolean;
}

export function list<V, I, O>(
  item: ValueType<V, I, O>,
  { distinct = false, ...keywords }: ListOptions = {},
): ValueType<readonly V[], readonly I[], readonly O[]> {
  const form: Form = { type: "array", keywords, items: item.input };
  return {
    storage: "json",
    input: form,
    output: { type: "array", items: item.output },
    parse: (items) => (distinct ? [...new Set(items)] : items).map((one) => item.parse(one)),
    format: (items, ids) => items.map((one) => item.format(one, ids)),
  };
}

interface MapOptions<V> extends Keywords {
  readonly rule?: Rule<Readonly<Record<string, V>>>;
  readonly shown?: Keywords;
}

/** Returns a type for maps from names to values. */
export function map<V>(item: ValueType<V, V, V>, { rule, shown, ...keywords }: MapOptions<V> = {}) {
  const checks = { ...(rule && { rule }), ...(shown && { shown }) };
  return same<Readonly<Record<string, V>>>(
    "json",
    { type: "map", keywords, items: item.input, ...checks },
    { type: "map", items: item.output },
  );
}

/** Returns a type for any JSON object. */
export function object(keywords: Keywords = {}) {
  return same<Readonly<Record<string, unknown>>>("json", { type: "object", keywords }, { type: "object" });
}

/** Returns a type for any JSON object, whose numbers keep their text. */
export function exactObject(keywords: Keywords = {}) {
  return same<ExactObject>("exactJson", { type: "object", keywords }, { type: "object" });
}

/**
 * Returns a type for objects of the form `V` with declared fields. In memory and in JSON the values
 * are the same. Commands check the conditions that the forms of the fields cannot express.
 */
export function struct<V>(
  fields: Readonly<Record<string, Form>>,
  required: readonly string[],
  keywords: Keywords = {},
): ValueType<V, Readonly<Record<string, unknown>>, V> {
  const form: Form = { type: "object", keywords, fields, required };
  const type = same<Readonly<Record<string, unknown>>>("json", form, form);
  return type as unknown as ValueType<V, Readonly<Record<string, unknown>>, V>;
}

/** Returns a type for a value that is stored as JSON and not shown. */
export function json<V>(): OutputType<V, V> {
  return same<V>("json", { type: "object" }, { type: "object" });
}

/** Returns a type that also accepts null as a separate value. */
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

/** Returns a type whose `empty` value may also be sent as null. */
export function nullMeans<V, I, O>(empty: V, type: ValueType<V, I, O>): ValueType<V, I | null, O> {
  return {
    ...type,
    input: { ...type.input, nullable: true },
    parse: (input) => (input === null ? empty : type.parse(input)),
  };
}

/** Returns a type in which an empty list means null. */
export function emptyMeansNull<V, I, O>(
  type: ValueType<readonly V[] | null, readonly I[] | null, O>,
): ValueType<readonly V[] | null, readonly I[] | null, O> {
  return { ...type, parse: (input) => (input?.length === 0 ? null : type.parse(input)) };
}

/** Returns a type for durations: ms in memory, text such as `5s` in JSON. */
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

/** Returns a type for times: ms since the Unix epoch in memory, RFC 3339 in JSON. */
export function instant(keywords: Keywords = {}): OutputType<number, string> {
  return {
    storage: "integer",
    output: { type: "string", keywords: { format: "date-time", ...keywords } },
    format: formatInstant,
  };
}

/** Returns a type for ids: a row's number in memory, an id in JSON. */
export function id(prefix: IdPrefix, keywords: Keywords = {}): OutputType<Seq, string> {
  return {
    storage: "integer",
    output: { type: "string", keywords },
    format: (seq, ids) => ids.encode(prefix, seq),
  };
}
