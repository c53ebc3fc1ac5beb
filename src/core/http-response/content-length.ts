/**
 * Returns the body length that a response's headers declare (RFC 9112, 6.3), in bytes. Returns null
 * if the headers do not determine the length. `Content-Length` is ignored if `Transfer-Encoding` is
 * present, because a chunked body may have any length.
 */
export function declaredBytes(contentLength: string | null, transferEncoding: string | null): number | null {
  if (contentLength === null || transferEncoding !== null) return null;
  return /^\d{1,15}$/.test(contentLength) ? Number(contentLength) : null;
}
