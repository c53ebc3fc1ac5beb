/**
 * Returns the first `charsMax` UTF-16 code units of a text, or one fewer to keep a surrogate pair
 * whole.
 */
export function cutText(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const isHalf = (text.codePointAt(charsMax - 1) ?? 0) > 0xffff;
  return text.slice(0, isHalf ? charsMax - 1 : charsMax);
}

/**
 * Returns the path to the first string or field name in a JSON value that contains a lone
 * surrogate, or null if there is none.
 */
export function pathOfMalformedText(value: unknown): string[] | null {
  if (typeof value === "string") return value.isWellFormed() ? null : [];
  if (typeof value !== "object" || value === null) return null;
  const isList = Array.isArray(value);
  for (const [key, child] of Object.entries(value)) {
    const path = key.isWellFormed() ? pathOfMalformedText(child) : [];
    if (path !== null) return [isList ? `[${key}]` : key, ...path];
  }
  return null;
}

/**
 * Returns the first `bytesMax` bytes of a UTF-8 text, or up to three fewer to keep a character
 * whole.
 */
export function cutUtf8(bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (bytes.byteLength <= bytesMax) return bytes;
  let end = bytesMax;
  // A byte of the form 10xxxxxx continues a character that began earlier.
  while (end > 0 && bytesMax - end < 4 && (bytes[end]! & 0xc0) === 0x80) end--;
  // Four continuation bytes in a row are not UTF-8, so there is no character to keep whole.
  return bytes.subarray(0, bytesMax - end < 4 ? end : bytesMax);
}

/** Returns the first `bytesMax` bytes of a text in UTF-8, or up to three fewer to keep a character whole. */
export function utf8Start(text: string, bytesMax: number): Uint8Array {
  return cutUtf8(Buffer.from(text.slice(0, bytesMax), "utf8"), bytesMax);
}

const strictUtf8 = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** Returns the text of UTF-8 bytes, including a byte order mark, or null if they are not valid. */
export function utf8OrNull(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
}

/** Formats a number with its noun: `1 endpoint`, `2 endpoints`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** Returns the Levenshtein distance of two texts. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

const SIMILAR_CHARS_MAX = 64;
const SIMILAR_DISTANCE_MAX = 3;

/** Returns the known name that an unknown one was probably meant to be, or null if none is similar. */
export function similarName(name: string, known: readonly string[]): string | null {
  if (name.length > SIMILAR_CHARS_MAX) return null;
  // A name of which nothing is left is not similar.
  let best = { name: null as string | null, distance: Math.min(SIMILAR_DISTANCE_MAX + 1, name.length) };
  for (const candidate of known) {
    const distance = editDistance(name, candidate);
    if (distance < best.distance) best = { name: candidate, distance };
  }
  return best.name;
}

/** Returns whether a text is valid JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
