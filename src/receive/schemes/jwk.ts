import { createPublicKey, type KeyObject } from "node:crypto";
import type { JwtAlgorithm } from "./jwt-parameters.ts";

/** The keys of a JSON Web Key Set by their ids. */
export interface JwkSet {
  /** Returns the keys that may have signed a token with this key id, or null if there is none. */
  find(keyId: string | null): readonly KeyObject[] | null;
  /** All keys. */
  readonly all: readonly KeyObject[];
}

const KEYS_MAX = 100;

/**
 * Returns the keys of a single JSON Web Key, of a set (`{"keys": […]}`) or of Plaid's response
 * (`{"key": …}`), or null if the value is none of them. Keys of other algorithms are left out, so a
 * public key is never used as the secret of an HMAC.
 */
export function jwkSet(value: unknown, algorithm: JwtAlgorithm): JwkSet | null {
  if (typeof value !== "object" || value === null) return null;
  const { keys, key, kty } = value as Readonly<Record<string, unknown>>;
  const list: readonly unknown[] = Array.isArray(keys) ? keys : kty === undefined ? [key] : [value];
  if (list.length === 1 && list[0] === undefined) return null;
  const parsed = list.slice(0, KEYS_MAX).flatMap((item) => parsedKey(item, algorithm));
  return {
    all: parsed.map(({ key }) => key),
    find: (keyId) => {
      const found = parsed.filter(({ id }) => id === null || id === keyId).map(({ key }) => key);
      return found.length === 0 ? null : found;
    },
  };
}

function parsedKey(value: unknown, algorithm: JwtAlgorithm): { readonly id: string | null; readonly key: KeyObject }[] {
  if (typeof value !== "object" || value === null) return [];
  const { kid, kty, crv, alg } = value as Readonly<Record<string, unknown>>;
  if (alg !== undefined && alg !== null && alg !== algorithm) return [];
  if (algorithm === "ES256" ? kty !== "EC" || crv !== "P-256" : kty !== "RSA") return [];
  try {
    const key = createPublicKey({ key: value, format: "jwk" });
    return [{ id: typeof kid === "string" ? kid : null, key }];
  } catch {
    return [];
  }
}
