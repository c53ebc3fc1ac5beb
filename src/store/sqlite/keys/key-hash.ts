import type { KeyWords } from "./entry.ts";

/** Odd random numbers of this process, so that nobody can choose keys that collide. */
const [A, B, C, D] = crypto.getRandomValues(new Uint32Array(4)).map((number) => number | 1) as unknown as KeyWords;

/** Returns a 32-bit hash of a key that differs between processes. */
export function hashOf(key: KeyWords): number {
  const sum = (Math.imul(key[0], A) + Math.imul(key[1], B) + Math.imul(key[2], C) + Math.imul(key[3], D)) | 0;
  return Math.imul(sum ^ (sum >>> 15), A) >>> 0;
}
