import { declaredBytes } from "./content-length.ts";
import type { HeaderFields } from "./header-fields.ts";

/** How the end of the body is determined (RFC 9112, 6.3). */
export type Framing =
  | { readonly kind: "empty" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until close" }
  /** The length is invalid or contradictory, so the end cannot be determined. */
  | { readonly kind: "unknown" };

const EMPTY: Framing = { kind: "empty" };
const CHUNKED: Framing = { kind: "chunked" };
const UNTIL_CLOSE: Framing = { kind: "until close" };
const UNKNOWN: Framing = { kind: "unknown" };

const CLOSE = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i;
const KEEP_ALIVE = /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i;

/** Returns the framing of a response to a POST. `status` must be a final status. */
export function framingOf(status: number, fields: HeaderFields): Framing {
  if (status === 101 || status === 204 || status === 304) return EMPTY;
  if (fields.transferEncoding !== null) return isChunked(fields.transferEncoding) ? CHUNKED : UNTIL_CLOSE;
  if (fields.contentLength === null) return UNTIL_CLOSE;
  const bytes = declaredBytes(singleValue(fields.contentLength), null);
  if (bytes === null) return UNKNOWN;
  return bytes === 0 ? EMPTY : { kind: "length", bytes };
}

/**
 * Reduces a repeated `Content-Length` to a single value if all values are equal (RFC 9110, 8.6).
 */
function singleValue(contentLength: string): string {
  if (!contentLength.includes(",")) return contentLength;
  const values = contentLength.split(",").map((value) => value.trim());
  return values.every((value) => value === values[0]) ? values[0]! : contentLength;
}

/** Returns whether the last transfer coding is chunked. Other codings are not decoded. */
function isChunked(transferEncoding: string): boolean {
  return (
    transferEncoding
      .slice(transferEncoding.lastIndexOf(",") + 1)
      .trim()
      .toLowerCase() === "chunked"
  );
}

/** Returns whether the headers allow another request on the connection. */
export function isPersistent(minorVersion: number, { connection, contentLength, transferEncoding }: HeaderFields) {
  // Both headers together indicate response splitting (RFC 9112, 6.3).
  if (contentLength !== null && transferEncoding !== null) return false;
  if (connection === null) return minorVersion >= 1;
  if (CLOSE.test(connection)) return false;
  return minorVersion >= 1 || KEEP_ALIVE.test(connection);
}
