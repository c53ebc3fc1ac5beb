const SPACE = 32;
const DIGIT_0 = 48;
const DIGIT_1 = 49;
const DIGIT_9 = 57;
const PREFIX = [..."HTTP/1."].map((character) => character.charCodeAt(0));

export interface StatusLine {
  /** A number from 100 to 999. */
  readonly status: number;
  /** The minor version; 1 for HTTP/1.1. */
  readonly minorVersion: number;
}

/**
 * Reads an HTTP/1.x status line (RFC 9112, 4). Returns null for any other text. Several spaces
 * before the status and a missing reason phrase are accepted, because some servers send them.
 */
export function readStatusLine(bytes: Uint8Array, start: number, end: number): StatusLine | null {
  const versionAt = start + PREFIX.length;
  if (!mayBecomeStatusLine(bytes, start, end) || versionAt >= end || !isDigit(bytes[versionAt]!)) return null;
  let at = versionAt + 1;
  if (bytes[at] !== SPACE) return null;
  while (at < end && bytes[at] === SPACE) at += 1;
  if (at + 3 > end) return null;
  const first = bytes[at]!;
  const second = bytes[at + 1]!;
  const third = bytes[at + 2]!;
  if (first < DIGIT_1 || first > DIGIT_9 || !isDigit(second) || !isDigit(third)) return null;
  if (at + 3 < end && bytes[at + 3] !== SPACE) return null;
  const status = (first - DIGIT_0) * 100 + (second - DIGIT_0) * 10 + (third - DIGIT_0);
  return { status, minorVersion: bytes[versionAt]! - DIGIT_0 };
}

/**
 * Returns whether the bytes from `start` to `end` may be the beginning of an HTTP/1.x status line.
 */
export function mayBecomeStatusLine(bytes: Uint8Array, start: number, end: number): boolean {
  const length = Math.min(PREFIX.length, end - start);
  for (let i = 0; i < length; i++) if (bytes[start + i] !== PREFIX[i]) return false;
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= DIGIT_0 && byte <= DIGIT_9;
}
