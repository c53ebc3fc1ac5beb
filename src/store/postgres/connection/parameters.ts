/** The value of a parameter of a statement. */
export type Parameter = string | number | boolean | null | Uint8Array;
/** Parameters by their names. */
export type Bindings = Readonly<Record<string, Parameter>>;

interface Compiled {
  readonly text: string;
  readonly names: readonly string[];
}

const compiled = new Map<string, Compiled>();

/** Replaces named parameters (`$name`) with numbers, which PostgreSQL needs. */
export function positional(sql: string, bindings: Bindings): { readonly text: string; readonly values: Parameter[] } {
  const { text, names } = compiledOf(sql);
  return { text, values: names.map((name) => bindings[name] ?? null) };
}

/** Returns a statement with numbers for its named parameters. */
export const positionalText = (sql: string): string => compiledOf(sql).text;

function compiledOf(sql: string): Compiled {
  let statement = compiled.get(sql);
  if (statement === undefined) {
    statement = compile(sql);
    compiled.set(sql, statement);
  }
  return statement;
}

function compile(sql: string): Compiled {
  const names: string[] = [];
  const text = sql.replace(/\$([a-z]\w*)/gi, (_, name: string) => {
    const known = names.indexOf(name);
    return `$${known >= 0 ? known + 1 : names.push(name)}`;
  });
  return { text, names };
}

/** Returns the text of an array of numbers. */
export function numberArray(values: ReadonlyArray<number | null>): string {
  let text = "{";
  for (let i = 0; i < values.length; i++) text += `${i === 0 ? "" : ","}${values[i] ?? "NULL"}`;
  return `${text}}`;
}

/** Returns the text of an array of texts. */
export function textArray(values: ReadonlyArray<string | null>): string {
  return `{${values.map((value) => (value === null ? "NULL" : quoted(value))).join(",")}}`;
}

const isNull = (value: unknown): boolean => value === null;

/**
 * Like `numberArray`, but empty if all values are null. If a statement unnests several arrays together, the
 * missing values of the shorter ones are null.
 */
export const sparseNumberArray = (values: ReadonlyArray<number | null>): string =>
  values.every(isNull) ? "{}" : numberArray(values);

/** Like `textArray`, but empty if all values are null. */
export const sparseTextArray = (values: ReadonlyArray<string | null>): string =>
  values.every(isNull) ? "{}" : textArray(values);

function quoted(value: string): string {
  return `"${/["\\]/.test(value) ? value.replace(/["\\]/g, "\\$&") : value}"`;
}

/** Byte strings in one parameter, because PostgreSQL's text form of an array of them is twice as long. */
export interface Bytes {
  /** All byte strings, one after the other. */
  readonly joined: Uint8Array;
  /** The start of each one, from 1. Null for one that is null. */
  readonly starts: string;
  readonly lengths: string;
}

/**
 * Joins byte strings. A statement gets each one as `substr(joined, start, length)`, which is null if the
 * start is null.
 */
export function bytes(values: ReadonlyArray<Uint8Array | null>): Bytes {
  const starts: (number | null)[] = [];
  const lengths: (number | null)[] = [];
  let size = 0;
  for (const value of values) {
    starts.push(value === null ? null : size + 1);
    lengths.push(value === null ? null : value.byteLength);
    size += value?.byteLength ?? 0;
  }
  const joined = new Uint8Array(size);
  let at = 0;
  for (const value of values) {
    if (value === null) continue;
    joined.set(value, at);
    at += value.byteLength;
  }
  return { joined, starts: sparseNumberArray(starts), lengths: sparseNumberArray(lengths) };
}
