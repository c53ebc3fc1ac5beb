/**
 * JSON objects whose numbers keep their text. `JSON.parse` rounds 9007199254740993 and turns `1.0`
 * into `1`. Such numbers are kept as the objects that `JSON.rawJSON` returns, which `JSON.stringify`
 * writes as they were.
 */

/** A parsed JSON value. Numbers that a double does not write with the same text are raw. */
export type ExactJson = null | boolean | number | string | RawNumber | readonly ExactJson[] | ExactObject;
export type ExactObject = { readonly [name: string]: ExactJson };

/** A number as text. */
export interface RawNumber {
  readonly rawJSON: string;
}

type Reviver = (name: string, value: unknown, context: { readonly source?: string }) => unknown;

/** `JSON` with the proposal "JSON.parse source text access", which the types of TypeScript lack. */
const json = JSON as unknown as {
  parse(text: string, reviver: Reviver): unknown;
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
};

/** Matches any text with a number that a double may write differently. May match other texts. */
const MAY_CHANGE = /\d[eE]|\.\d*0(?!\d)|-0|[\d.]{16}/;

/** Parses a JSON text. Throws `SyntaxError`. */
export function parseExact(text: string): ExactJson {
  if (!MAY_CHANGE.test(text)) return JSON.parse(text);
  return json.parse(text, (_, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source ? json.rawJSON(source) : value,
  ) as ExactJson;
}

export function isRawNumber(value: unknown): value is RawNumber {
  return json.isRawJSON(value);
}

/** Returns the JSON text of a value, with its numbers as they were. */
export function exactText(value: ExactJson): string {
  return JSON.stringify(value);
}
