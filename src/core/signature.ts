import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject, sign as signBytes } from "node:crypto";
import { beginHmac } from "./hmac.ts";

/**
 * Signatures as specified by Standard Webhooks over `{id}.{timestamp}.{body}`: HMAC-SHA256 (`v1`)
 * with a `whsec_` secret, or ed25519 (`v1a`) with a `whsk_` key. All functions are synchronous;
 * keys are parsed once.
 */

export type SigningKey =
  | { readonly scheme: "v1"; readonly key: KeyObject }
  | { readonly scheme: "v1a"; readonly key: KeyObject };

/** The prefix of the signature headers. */
export type SignatureHeaders = "webhook" | "svix" | "both";

const HMAC_PREFIX = "whsec_";
const PRIVATE_PREFIX = "whsk_";
const PUBLIC_PREFIX = "whpk_";
const HMAC_BYTES_MIN = 24;
const HMAC_BYTES_MAX = 75;
const SEED_BYTES = 32;
/** Length of the seed and the public key that follows it. */
const PRIVATE_BYTES = 64;
/** DER bytes before the 32-byte seed in a PKCS #8 ed25519 key (RFC 8410, 7). */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * Parses a secret: `whsec_` followed by 24 to 75 bytes in base64, or `whsk_` followed by an ed25519
 * seed and its public key in base64. Returns null for any other text, including base64 that is not
 * canonical or lacks padding.
 */
export function parseSecret(text: string): SigningKey | null {
  if (text.startsWith(HMAC_PREFIX)) return parseHmacKey(text.slice(HMAC_PREFIX.length));
  if (text.startsWith(PRIVATE_PREFIX)) return parsePrivateKey(text.slice(PRIVATE_PREFIX.length));
  return null;
}

function parseHmacKey(base64: string): SigningKey | null {
  const bytes = decodeBase64(base64);
  if (bytes === null || bytes.length < HMAC_BYTES_MIN || bytes.length > HMAC_BYTES_MAX) return null;
  return { scheme: "v1", key: createSecretKey(bytes) };
}

function parsePrivateKey(base64: string): SigningKey | null {
  const bytes = decodeBase64(base64);
  if (bytes === null || bytes.length !== PRIVATE_BYTES) return null;
  const der = Buffer.concat([PKCS8_HEAD, bytes.subarray(0, SEED_BYTES)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  // Signatures cannot be verified if the public key does not match the seed.
  const publicBytes = Buffer.from(createPublicKey(key).export({ format: "jwk" }).x ?? "", "base64url");
  return publicBytes.equals(bytes.subarray(SEED_BYTES)) ? { scheme: "v1a", key } : null;
}

/**
 * Decodes base64. `Buffer` ignores invalid characters, so only text that encodes back to itself is
 * accepted.
 */
function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : null;
}

/**
 * Returns the key with which a receiver verifies signatures: a `whsec_` secret unchanged, or the
 * public key of a `whsk_` key as `whpk_…`.
 */
export function publicForm(secretText: string): string {
  if (!secretText.startsWith(PRIVATE_PREFIX)) return secretText;
  const bytes = Buffer.from(secretText.slice(PRIVATE_PREFIX.length), "base64");
  return PUBLIC_PREFIX + bytes.subarray(SEED_BYTES).toString("base64");
}

/** Size of a new secret in bytes. 192 bits are as many as in the specification's examples. */
export const secretBytes = 24;

/** Returns the `whsec_` secret for 24 to 75 random bytes. Throws `RangeError` for other lengths. */
export function generateSecret(bytes: Uint8Array): string {
  if (bytes.length < HMAC_BYTES_MIN || bytes.length > HMAC_BYTES_MAX) {
    throw new RangeError(`A secret must have ${HMAC_BYTES_MIN} to ${HMAC_BYTES_MAX} bytes, but has ${bytes.length}.`);
  }
  return HMAC_PREFIX + Buffer.from(bytes).toString("base64");
}

/**
 * Returns the value of the signature header: one signature per key, in key order (the current key
 * first).
 */
export function sign(keys: readonly SigningKey[], id: string, timestampSeconds: number, body: Uint8Array): string {
  const head = `${id}.${timestampSeconds}.`;
  let signatures = "";
  for (const key of keys) signatures += (signatures === "" ? "" : " ") + signWith(key, head, body);
  return signatures;
}

function signWith({ scheme, key }: SigningKey, head: string, body: Uint8Array): string {
  if (scheme === "v1") return `v1,${beginHmac("sha256", key).update(head).update(body).digest("base64")}`;
  // Ed25519 reads its message twice, so the message must be one buffer.
  return `v1a,${signBytes(null, Buffer.concat([Buffer.from(head), body]), key).toString("base64")}`;
}

/**
 * Returns the signature headers of a delivery. `mode` defines their prefixes. There is an id, a
 * timestamp and a signature header for each prefix.
 */
export function signatureHeaders(
  mode: SignatureHeaders,
  id: string,
  timestampSeconds: number,
  signature: string,
): [string, string][] {
  const named = (prefix: string): [string, string][] => [
    [`${prefix}-id`, id],
    [`${prefix}-timestamp`, String(timestampSeconds)],
    [`${prefix}-signature`, signature],
  ];
  if (mode === "both") return [...named("webhook"), ...named("svix")];
  return named(mode);
}
