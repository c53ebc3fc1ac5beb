import { isUtf8 } from "node:buffer";
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  hexDigit,
  isSpace,
  LETTER_U,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
} from "./json-bytes.ts";

/**
 * Finds values in the bytes of a JSON document without parsing it, so that a payload can be kept
 * byte for byte. Callers also run `JSON.parse`, which decides whether the bytes are valid JSON. For
 * invalid JSON these functions return null or meaningless ranges, but they always terminate, in linear
 * time.
 */

/** The byte range of a value without surrounding white space; `end` is exclusive. */
export type ByteRange = readonly [start: number, end: number];

/**
 * Maximum nesting depth of objects and arrays. Real events are nested far less deeply, and the
 * stack overflows only at a far greater depth.
 */
export const jsonDepthMax = 128;

/**
 * Returns the byte ranges of the values of the fields `names` in an object, by name. `names` must be
 * ASCII. Other keys are skipped and not decoded, because a body may contain 100,000 of them. The
 * object starts at `from`, after optional white space; `end` is the position after its closing
 * brace. If a key is repeated, its last value counts, as in `JSON.parse`. Returns null if there is
 * no object. `found` is called with each value, also with those of repeated keys.
 */
export function topLevelFields(
  bytes: Uint8Array,
  names: readonly string[],
  from = 0,
  found?: (value: ByteRange) => void,
): { fields: Map<string, ByteRange>; end: number } | null {
  const fields = new Map<string, ByteRange>();
  let at = skipSpace(bytes, from);
  if (bytes[at] !== OPEN_OBJECT) return null;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_OBJECT) return { fields, end: at + 1 };
  for (;;) {
    if (bytes[at] !== QUOTE) return null;
    const keyEnd = skipKey(bytes, at);
    if (keyEnd < 0) return null;
    const name = nameAt(bytes, at, keyEnd, names);
    at = skipSpace(bytes, keyEnd);
    if (bytes[at] !== COLON) return null;
    const start = skipSpace(bytes, at + 1);
    const end = skipValue(bytes, start);
    if (end < 0) return null;
    if (name !== null) {
      fields.set(name, [start, end]);
      found?.([start, end]);
    }
    at = skipSpace(bytes, end);
    if (bytes[at] === CLOSE_OBJECT) return { fields, end: at + 1 };
    if (bytes[at] !== COMMA) return null;
    at = skipSpace(bytes, at + 1);
  }
}

/**
 * Returns the byte ranges of the items of the array in `range`. Returns null if it is not an array, or
 * has more than `itemsMax` items.
 */
export function arrayItems(
  bytes: Uint8Array,
  range: ByteRange,
  itemsMax: number = Number.POSITIVE_INFINITY,
): ByteRange[] | null {
  const items: ByteRange[] = [];
  let at = skipSpace(bytes, range[0]);
  if (bytes[at] !== OPEN_ARRAY) return null;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_ARRAY) return items;
  for (;;) {
    const end = skipValue(bytes, at);
    if (end < 0 || items.length >= itemsMax) return null;
    items.push([at, end]);
    at = skipSpace(bytes, end);
    if (bytes[at] === CLOSE_ARRAY) return at < range[1] ? items : null;
    if (bytes[at] !== COMMA) return null;
    at = skipSpace(bytes, at + 1);
  }
}

/**
 * Returns whether objects and arrays are nested deeper than `max`. Must be called before
 * `JSON.parse`, which recurses.
 */
export function exceedsDepth(bytes: Uint8Array, max: number = jsonDepthMax): boolean {
  const length = bytes.length;
  let depth = 0;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      at = skipString(bytes, at) - 1;
      if (at < 0) return false;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (++depth > max) return true;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth--;
    }
  }
  return false;
}

/**
 * Returns whether the bytes are well-formed UTF-8. Decoders would silently replace invalid
 * sequences.
 */
export function isValidUtf8(bytes: Uint8Array): boolean {
  return isUtf8(bytes);
}

/** Up to this many bytes, a loop finds the end of a string sooner than the runtime does. */
const SHORT_STRING_BYTES = 16;

/**
 * Returns the position after the closing quote of the string that opens at `open`, or -1 if the
 * string is not closed.
 */
export function skipString(bytes: Uint8Array, open: number): number {
  const length = bytes.length;
  let at = open + 1;
  for (let span = SHORT_STRING_BYTES; ; ) {
    const near = Math.min(length, at + span);
    for (; at < near; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) return at + 1;
      if (byte === BACKSLASH) at++;
    }
    const quote = bytes.indexOf(QUOTE, at);
    if (quote < 0 || !isEscaped(bytes, at, quote)) return quote < 0 ? -1 : quote + 1;
    // Where escaped quotes are close together, as in JSON within a string, a search for each of them
    // takes several times as long as the loop.
    span = quote - at < span ? 2 * span : SHORT_STRING_BYTES;
    at = quote + 1;
  }
}

/** Returns whether an odd number of backslashes from `from` on directly precedes `at`. */
function isEscaped(bytes: Uint8Array, from: number, at: number): boolean {
  let start = at;
  while (start > from && bytes[start - 1] === BACKSLASH) start--;
  return (at - start) % 2 === 1;
}

/**
 * Returns the position after the value that begins at `start`. Returns -1 if no value begins there
 * or the value does not end.
 */
export function skipValue(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === QUOTE) return skipString(bytes, start);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return skipNested(bytes, start);
  let at = start;
  while (at < bytes.length && !endsScalar(bytes[at]!)) at++;
  return at > start ? at : -1;
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || byte === COLON || isSpace(byte);
}

function skipNested(bytes: Uint8Array, start: number): number {
  const length = bytes.length;
  let depth = 0;
  for (let at = start; at < length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      at = skipString(bytes, at) - 1;
      if (at < 0) return -1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth++;
    } else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) {
      return at + 1;
    }
  }
  return -1;
}

/** Like `skipString`, and also returns -1 if the string contains an unknown escape. */
function skipKey(bytes: Uint8Array, open: number): number {
  const length = bytes.length;
  for (let at = open + 1; at < length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH && bytes[++at] !== LETTER_U && !escapes.has(bytes[at]!)) return -1;
  }
  return -1;
}

/**
 * Returns the name that equals the key from `open` to `end`, a range that includes the quotes.
 * Returns null if none does.
 */
function nameAt(bytes: Uint8Array, open: number, end: number, names: readonly string[]): string | null {
  for (let i = 0; i < names.length; i++) {
    if (isKey(bytes, open, end, names[i]!)) return names[i]!;
  }
  return null;
}

/** Compares the key with an ASCII name without decoding the key. */
function isKey(bytes: Uint8Array, open: number, end: number, name: string): boolean {
  let at = open + 1;
  for (let i = 0; i < name.length; i++) {
    let code = bytes[at++]!;
    if (code === QUOTE) return false;
    if (code === BACKSLASH) {
      code = escapedUnit(bytes, at);
      at += bytes[at] === LETTER_U ? UNIT_ESCAPE_BYTES : 1;
    }
    if (code !== name.charCodeAt(i)) return false;
  }
  return at === end - 1;
}

/** The length of `u0061`. */
const UNIT_ESCAPE_BYTES = 5;
/** The characters that escapes of one letter stand for, by letter. */
const escapes = new Map(
  ['""', "\\\\", "//", "b\b", "f\f", "n\n", "r\r", "t\t"].map((pair) => [pair.charCodeAt(0), pair.charCodeAt(1)]),
);

/** Returns the code unit that the escape with its letter at `at` stands for, or -1 if it is invalid. */
function escapedUnit(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== LETTER_U) return escapes.get(bytes[at]!) ?? -1;
  let unit = 0;
  for (let i = at + 1; i < at + UNIT_ESCAPE_BYTES; i++) {
    const digit = hexDigit(bytes[i] ?? 0);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}
