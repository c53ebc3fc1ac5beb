/** Maximum number of digits. A JavaScript number represents every such size exactly. */
const DIGITS_MAX = 12;
const SEMICOLON = 59;

/**
 * Reads the size line of a chunk (RFC 9112, 7.1). Returns null if the line is malformed. Extensions
 * are ignored. Any non-empty prefix of a valid line is also valid.
 */
export function readChunkSize(bytes: Uint8Array, start: number, end: number): number | null {
  let at = start;
  let size = 0;
  for (; at < end; at++) {
    const digit = hexDigit(bytes[at]!);
    if (digit < 0) break;
    size = size * 16 + digit;
    if (size >= 16 ** DIGITS_MAX) return null;
  }
  if (at === start) return null;
  while (at < end && isWhiteSpace(bytes[at]!)) at += 1;
  return at === end || bytes[at] === SEMICOLON ? size : null;
}

/** Returns the value of a hexadecimal digit, or -1 for any other byte. */
function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function isWhiteSpace(byte: number): boolean {
  return byte === 32 || byte === 9;
}
