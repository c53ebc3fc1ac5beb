import { createPublicKey, type KeyObject } from "node:crypto";
import { configText, type SourceConfig } from "./scheme.ts";

/** A compact JWS (RFC 7515), parsed but not verified. */
export interface Jws {
  readonly header: Readonly<Record<string, unknown>>;
  /** The payload as bytes; empty if it is detached. */
  readonly payload: Uint8Array;
  /** The text that is signed: header and payload as they came. */
  readonly signed: string;
  readonly signature: Uint8Array;
}

const CHARS_MAX = 1024 * 1024;
const BASE64URL = /^[A-Za-z0-9_-]*$/;

/** Parses a compact JWS. Returns null for any other text. */
export function parseJws(text: string): Jws | null {
  if (text.length > CHARS_MAX) return null;
  const parts = text.split(".");
  const [head, payload, signature] = parts;
  if (parts.length !== 3 || head === "" || signature === "" || !parts.every((part) => BASE64URL.test(part)))
    return null;
  const header = objectIn(Buffer.from(head!, "base64url"));
  if (header === null) return null;
  return {
    header,
    payload: Buffer.from(payload!, "base64url"),
    signed: `${head}.${payload}`,
    signature: Buffer.from(signature!, "base64url"),
  };
}

/** Returns a JSON object, or null for anything else. */
export function objectIn(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}

/**
 * Returns the RSA keys of a JWKS: the one with this identifier, or all of them if `keyId` is null.
 * Keys of other types and keys for encryption are left out.
 */
export function rsaKeysOf(jwks: string, keyId: string | null): readonly KeyObject[] {
  const keys = objectIn(Buffer.from(jwks))?.keys;
  if (!Array.isArray(keys)) return [];
  return keys.flatMap((jwk: unknown) => {
    if (typeof jwk !== "object" || jwk === null) return [];
    const { kty, kid, use, n, e } = jwk as Readonly<Record<string, unknown>>;
    if (kty !== "RSA" || (use !== undefined && use !== "sig") || (keyId !== null && kid !== keyId)) return [];
    if (typeof n !== "string" || typeof e !== "string") return [];
    try {
      return [createPublicKey({ key: { kty, n, e }, format: "jwk" })];
    } catch {
      return [];
    }
  });
}

/** Returns the JWKS that the configuration holds, as text or as an object, or null. */
export function pinnedJwks(config: SourceConfig): string | null {
  const value = Object.hasOwn(config, "jwks") ? config.jwks : null;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : configText(config, "jwks");
}

/** Reads the keys of the same document only once. */
export function cachedRsaKeys(): (jwks: string, keyId: string | null) => readonly KeyObject[] {
  let last: { jwks: string; keyId: string | null; keys: readonly KeyObject[] } | null = null;
  return (jwks, keyId) => {
    if (last?.jwks !== jwks || last.keyId !== keyId) last = { jwks, keyId, keys: rsaKeysOf(jwks, keyId) };
    return last.keys;
  };
}
