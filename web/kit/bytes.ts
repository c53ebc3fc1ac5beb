/** The bytes of a body as text, as a hex dump and in base64. */

const strictUtf8 = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** Control characters that text does not have. Terminals and browsers treat them in odd ways. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/;

/** Returns the text of a body, or null if the body is binary. */
export function textOf(bytes: Uint8Array<ArrayBuffer>): string | null {
  try {
    const text = strictUtf8.decode(bytes);
    return CONTROL.test(text) ? null : text;
  } catch {
    return null;
  }
}

const CHUNK_BYTES = 0x8000;

export function base64Of(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES));
  }
  return btoa(binary);
}

export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

const LINE_BYTES = 16;

/** Returns lines of offset, 16 bytes in hex, and the same bytes as ASCII. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += LINE_BYTES) {
    const line = [...bytes.subarray(at, at + LINE_BYTES)];
    const hex = line.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const ascii = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex.padEnd(LINE_BYTES * 3 - 1)}  ${ascii}`);
  }
  return lines.join("\n");
}
