/**
 * Path and query of a request, as they were sent. What stands before them in `url` may be of any length, and nothing at all:
 * without a usable `Host` Bun gives the path alone.
 */
export function targetOf(url: string): string {
  if (url.startsWith("/")) return url;
  const start = url.indexOf("/", url.indexOf("//") + 2);
  return start < 0 ? "/" : url.slice(start);
}

/** The same without the query. */
export function pathOf(url: string): string {
  return targetOf(url).replace(/[?#].*$/s, "");
}

/** The query of an address, without its question mark; empty when there is none. */
export function searchOf(url: string): string {
  const at = url.indexOf("?");
  return at < 0 ? "" : url.slice(at + 1);
}

/** The same request with an address that names a host. */
export function withHost(request: Request): Request {
  return request.url.startsWith("/") ? new Request(`http://localhost${request.url}`, request) : request;
}
