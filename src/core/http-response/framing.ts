import { declaredBytes } from "./content-length.ts";
import type { HeaderFields } from "./header-fields.ts";

/** How the end of a body is found (RFC 9112, 6.3). */
export type Framing =
  | { readonly kind: "empty" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until close" }
  /** The headers contradict themselves: no end can be relied on. */
  | { readonly kind: "unknown" };

const EMPTY: Framing = { kind: "empty" };
const CHUNKED: Framing = { kind: "chunked" };
const UNTIL_CLOSE: Framing = { kind: "until close" };
const UNKNOWN: Framing = { kind: "unknown" };

const CLOSE = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i;
const KEEP_ALIVE = /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i;

/** The framing of a response to a POST with this final status. */
export function framingOf(status: number, fields: HeaderFields): Framing {
  if (status === 101 || status === 204 || status === 304) return EMPTY;
  if (fields.transferEncoding !== null) return isChunked(fields.transferEncoding) ? CHUNKED : UNTIL_CLOSE;
  if (fields.contentLength === null) return UNTIL_CLOSE;
  const bytes = declaredBytes(singleValue(fields.contentLength), null);
  if (bytes === null) return UNKNOWN;
  return bytes === 0 ? EMPTY : { kind: "length", bytes };
}

/** Servers and proxies repeat a `Content-Length`; that is harmless if all of them agree. */
function singleValue(contentLength: string): string {
  if (!contentLength.includes(",")) return contentLength;
  const values = contentLength.split(",").map((value) => value.trim());
  return values.every((value) => value === values[0]) ? values[0]! : contentLength;
}

/** Chunked is the last coding. Others before it are not decoded. */
function isChunked(transferEncoding: string): boolean {
  return (
    transferEncoding
      .slice(transferEncoding.lastIndexOf(",") + 1)
      .trim()
      .toLowerCase() === "chunked"
  );
}

/** May another request follow over the connection, by what the headers say? */
export function isPersistent(minorVersion: number, { connection, contentLength, transferEncoding }: HeaderFields) {
  // Two lengths are how request smuggling begins (RFC 9112, 6.3): such a peer is not spoken to again over this connection.
  if (contentLength !== null && transferEncoding !== null) return false;
  if (connection === null) return minorVersion >= 1;
  if (CLOSE.test(connection)) return false;
  return minorVersion >= 1 || KEEP_ALIVE.test(connection);
}
