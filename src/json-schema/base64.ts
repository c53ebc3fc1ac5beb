const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** Contains 1 for each character code of a base64 digit. */
const isDigit = new Uint8Array(128);
for (const digit of ALPHABET) isDigit[digit.charCodeAt(0)] = 1;

const GROUP_CHARS = 4;

/**
 * Returns whether the whole text is padded base64 without line breaks (RFC 4648 §4). Reads each
 * character at most once.
 */
export function isBase64(text: string): boolean {
  if (text.length % GROUP_CHARS !== 0) return false;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding;
  for (let i = 0; i < digits; i++) {
    if (isDigit[text.charCodeAt(i)] !== 1) return false;
  }
  return true;
}
