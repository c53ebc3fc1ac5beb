import type { KeyObject } from "node:crypto";
import { jsonObject } from "./envelope.ts";
import { jwkSet } from "./jwk.ts";
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
  const header = jsonObject(Buffer.from(head!, "base64url"));
  if (header === null) return null;
  return {
    header,
    payload: Buffer.from(payload!, "base64url"),
    signed: `${head}.${payload}`,
    signature: Buffer.from(signature!, "base64url"),
  };
}

/** Returns the JWKS that the configuration holds, as text or as an object, or null. */
export function pinnedJwks(config: SourceConfig): string | null {
  const value = Object.hasOwn(config, "jwks") ? config.jwks : null;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : configText(config, "jwks");
}

/**
 * Finds the RSA keys of a JWKS: those that may have this identifier, or all of them if `keyId` is
 * null. The same document is parsed only once.
 */
export function rsaKeyFinder(): (jwks: string, keyId: string | null) => readonly KeyObject[] {
  let last: { readonly text: string; readonly set: ReturnType<typeof jwkSet> } | null = null;
  return (text, keyId) => {
    if (last?.text !== text) last = { text, set: jwkSet(jsonObject(Buffer.from(text)), "RS256") };
    return (keyId === null ? last.set?.all : last.set?.find(keyId)) ?? [];
  };
}
