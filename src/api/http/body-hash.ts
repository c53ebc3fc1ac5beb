/**
 * Returns a hash of a request's body and content type, 8 bytes. It detects requests that differ by
 * mistake; it is not a protection against forgery, because a caller only competes with itself.
 */
export function bodyHash(bytes: Uint8Array, contentType: string | null): Uint8Array {
  const seed = BigInt(Bun.hash.xxHash32(contentType ?? ""));
  const hash = Buffer.allocUnsafe(8);
  hash.writeBigUInt64BE(Bun.hash.xxHash3(bytes, seed));
  return hash;
}
