/**
 * How long the body of an answer is, by its headers (RFC 9112, 6.3); null when only reading it tells. A length beside a
 * `Transfer-Encoding` means nothing: the body comes in chunks, and there may be any number of them.
 */
export function declaredBytes(contentLength: string | null, transferEncoding: string | null): number | null {
  if (contentLength === null || transferEncoding !== null) return null;
  return /^\d{1,15}$/.test(contentLength) ? Number(contentLength) : null;
}
