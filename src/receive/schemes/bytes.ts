import { createHash, type KeyObject, timingSafeEqual } from "node:crypto";
import { beginHmac, type HmacAlgorithm } from "../../core/hmac.ts";

export type Encoding = "hex" | "base64" | "base64url";

const HEX = /^(?:[0-9a-f]{2})+$/i;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** Decodes hexadecimal digits of either case. Returns null for any other text. */
export function decodeHex(text: string): Buffer | null {
  return HEX.test(text) ? Buffer.from(text, "hex") : null;
}

/** Decodes base64 or base64url, with or without padding. Returns null for any other text. */
export function decodeBase64(text: string): Buffer | null {
  if (!BASE64.test(text)) return null;
  const characters = text.replace(/=+$/, "").length;
  // A single character holds only 6 bits, which are no byte.
  if (characters % 4 === 1) return null;
  const bytes = Buffer.from(text, "base64");
  return bytes.length === Math.floor((characters * 3) / 4) ? bytes : null;
}

/**
 * Returns whether a text is the encoding of these bytes. The case of hexadecimal digits and the
 * padding of base64 do not matter. The time does not depend on which bytes differ.
 */
export function encodes(text: string, encoding: Encoding, bytes: Uint8Array): boolean {
  const decoded = encoding === "hex" ? digestFromHex(text, bytes.length) : digestFromBase64(text, bytes.length);
  return decoded !== null && timingSafeEqual(decoded, bytes);
}

// `Buffer.from` skips invalid characters, so the lengths of text and bytes must both be right.

function digestFromHex(text: string, length: number): Buffer | null {
  if (text.length !== 2 * length) return null;
  const bytes = Buffer.from(text, "hex");
  return bytes.length === length ? bytes : null;
}

function digestFromBase64(text: string, length: number): Buffer | null {
  let end = text.length;
  while (end > 0 && text.length - end < 2 && text.charCodeAt(end - 1) === 0x3d) end--;
  if (end !== Math.ceil((length * 4) / 3)) return null;
  const bytes = Buffer.from(text, "base64");
  return bytes.length === length ? bytes : null;
}

/**
 * Returns whether two secrets of unknown length are equal. Their hashes are compared, so the time
 * tells nothing about the length either.
 */
export function isEqualSecret(left: Uint8Array, right: Uint8Array): boolean {
  return timingSafeEqual(createHash("sha256").update(left).digest(), createHash("sha256").update(right).digest());
}

/** Returns the HMAC of several texts and byte strings in order. */
export function digestOf(algorithm: HmacAlgorithm, key: KeyObject, parts: readonly (string | Uint8Array)[]): Buffer {
  const hmac = beginHmac(algorithm, key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}
