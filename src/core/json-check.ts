import { jsonDepthMax } from "./json.ts";
import {
  BACKSLASH,
  CAPITAL_E,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  hexDigit,
  LETTER_E,
  LETTER_U,
  MINUS,
  NINE,
  OPEN_ARRAY,
  OPEN_OBJECT,
  PLUS,
  POINT,
  QUOTE,
  SPACE,
  skipSpace,
  ZERO,
} from "./json-bytes.ts";

const WORDS = ["true", "false", "null"].map((word) => new TextEncoder().encode(word));
/** The letters after a backslash, except `u`. */
const ESCAPES = new Set(new TextEncoder().encode('"\\/bfnrt'));

/** Number of buckets in which the different keys of a document are counted; a power of two. */
const KEY_BUCKETS = 1 << 18;
/** The parameters of the hash function FNV-1a. */
const HASH_START = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

const ARRAY = 0;
const OBJECT = 1;

/**
 * Checks whether bytes are JSON (RFC 8259) without building the value, in steps. For 150,000 different
 * keys the check takes about a tenth of the time of `JSON.parse`. The bytes must be valid UTF-8.
 * Rejects values that are nested deeper than `jsonDepthMax`.
 */
export class JsonCheck {
  /** The kinds of the open brackets. */
  readonly #open = new Uint8Array(jsonDepthMax);
  #depth = 0;
  /** The position of the next value. */
  #at: number;
  readonly #keys = new Uint8Array(KEY_BUCKETS);
  #differentKeys = 0;

  /** `seed` varies the hashes of keys, so that a sender cannot choose keys with equal ones. */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly seed: number,
  ) {
    this.#at = skipSpace(bytes, 0);
  }

  /**
   * Approximate number of different keys so far. Keys with the same hash count once. The time that
   * `JSON.parse` takes grows with this number.
   */
  get differentKeys(): number {
    return this.#differentKeys;
  }

  /**
   * Checks about this many bytes more. Returns the result, or null if bytes are left. Must not be
   * called again after a result.
   */
  advance(stepBytes: number): boolean | null {
    const limit = this.#at + stepBytes;
    while (this.#at < limit) {
      const result = this.#value() ?? this.#afterValue();
      if (result !== null) return result;
    }
    return null;
  }

  /** Reads a scalar or an opening bracket. Returns false if there is none. */
  #value(): false | null {
    const { bytes } = this;
    const byte = bytes[this.#at];
    if (byte !== OPEN_OBJECT && byte !== OPEN_ARRAY) {
      this.#at = afterScalar(bytes, this.#at);
      return this.#at < 0 ? false : null;
    }
    if (this.#depth === jsonDepthMax) return false;
    this.#open[this.#depth++] = byte === OPEN_OBJECT ? OBJECT : ARRAY;
    this.#at = skipSpace(bytes, this.#at + 1);
    if (bytes[this.#at] === closing(this.#open[this.#depth - 1]!)) return null;
    if (byte === OPEN_OBJECT) this.#at = this.#afterKey(this.#at);
    return this.#at < 0 ? false : this.#value();
  }

  /**
   * Reads closing brackets, and a comma with the key that follows. Returns true at the end of the
   * document, false if it is invalid, and null if another value follows.
   */
  #afterValue(): boolean | null {
    const { bytes } = this;
    let at = skipSpace(bytes, this.#at);
    for (; this.#depth > 0 && bytes[at] === closing(this.#open[this.#depth - 1]!); this.#depth--) {
      at = skipSpace(bytes, at + 1);
    }
    if (this.#depth === 0) return at === bytes.length;
    if (bytes[at] !== COMMA) return false;
    at = skipSpace(bytes, at + 1);
    if (this.#open[this.#depth - 1] === OBJECT) at = this.#afterKey(at);
    this.#at = at;
    return at < 0 ? false : null;
  }

  /** Returns the position of the value after a key and its colon, or -1. */
  #afterKey(at: number): number {
    const { bytes } = this;
    const end = bytes[at] === QUOTE ? afterString(bytes, at) : -1;
    if (end < 0) return -1;
    this.#countKey(at + 1, end - 1);
    const colon = skipSpace(bytes, end);
    return bytes[colon] === COLON ? skipSpace(bytes, colon + 1) : -1;
  }

  #countKey(start: number, end: number): void {
    let hash = HASH_START ^ this.seed;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ this.bytes[at]!, HASH_PRIME);
    const bucket = (hash ^ (hash >>> 16)) & (KEY_BUCKETS - 1);
    if (this.#keys[bucket] === 1) return;
    this.#keys[bucket] = 1;
    this.#differentKeys++;
  }
}

function closing(kind: number): number {
  return kind === OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
}

/** Returns the position after a string, number or word, or -1. */
function afterScalar(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === QUOTE) return afterString(bytes, at);
  if (byte === MINUS || isDigit(byte)) return afterNumber(bytes, at);
  const word = WORDS.find((one) => one[0] === byte);
  return word?.every((letter, index) => bytes[at + index] === letter) ? at + word.length : -1;
}

function afterString(bytes: Uint8Array, open: number): number {
  const length = bytes.length;
  for (let at = open + 1; at < length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte < SPACE) return -1;
    if (byte !== BACKSLASH) continue;
    const letter = bytes[++at]!;
    if (letter === LETTER_U) {
      for (let digit = 1; digit <= 4; digit++) if (hexDigit(bytes[at + digit] ?? 0) < 0) return -1;
      at += 4;
    } else if (!ESCAPES.has(letter)) {
      return -1;
    }
  }
  return -1;
}

function afterNumber(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  if (bytes[at] === ZERO) at++;
  else at = afterDigits(bytes, at);
  if (at >= 0 && bytes[at] === POINT) at = afterDigits(bytes, at + 1);
  if (at >= 0 && (bytes[at] === LETTER_E || bytes[at] === CAPITAL_E)) {
    const sign = bytes[at + 1];
    at = afterDigits(bytes, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
  }
  return at;
}

/** Returns the position after one or more digits, or -1 if there is none. */
function afterDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at++;
  return at === start ? -1 : at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
