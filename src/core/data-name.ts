import { hash } from "node:crypto";

/**
 * Returns a short name for data, which is the same for all instances that share them. It discloses nothing
 * about ids, although it is derived from their seed.
 */
export function dataName(idSeed: readonly number[]): string {
  return hash("sha256", `data ${idSeed.join()}`, "hex").slice(0, 8);
}
