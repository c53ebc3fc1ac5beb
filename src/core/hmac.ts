import type { KeyObject } from "node:crypto";

export type HmacAlgorithm = "sha1" | "sha256" | "sha384" | "sha512";

type Hasher = Bun.CryptoHasher;

/** The state of an HMAC after its key was processed, by algorithm. */
const prepared = new WeakMap<KeyObject, Map<HmacAlgorithm, Hasher>>();

/**
 * Begins an HMAC. The key is processed once. Copying the state and using it takes two thirds of the
 * time of `createHmac` (Bun 1.4.5).
 */
export function beginHmac(algorithm: HmacAlgorithm, key: KeyObject): Hasher {
  let byAlgorithm = prepared.get(key);
  if (byAlgorithm === undefined) {
    byAlgorithm = new Map();
    prepared.set(key, byAlgorithm);
  }
  let hasher = byAlgorithm.get(algorithm);
  if (hasher === undefined) {
    hasher = new Bun.CryptoHasher(algorithm, key.export());
    byAlgorithm.set(algorithm, hasher);
  }
  return hasher.copy();
}
