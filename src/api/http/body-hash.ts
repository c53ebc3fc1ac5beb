/**
 * Returns an 8-byte hash of a request's body and content type. It detects a changed request that
 * reuses an idempotency key by mistake. It need not resist forgery, because callers could deceive
 * only themselves.
 */
export function bodyHash(bytes: Uint8Array, contentType: string | null): Uint8Array {
  const seed = BigInt(Bun.hash.xxHash32(contentType ?? ""));
  const hash = Buffer.allocUnsafe(8);
  hash.writeBigUInt64BE(Bun.hash.xxHash3(bytes, seed));
  return hash;
}
