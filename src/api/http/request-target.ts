/**
 * Returns a request's path and query, unchanged. `url` may lack scheme and host, because Bun passes
 * only the path if there is no usable `Host` header.
 */
export function targetOf(url: string): string {
  if (url.startsWith("/")) return url;
  const start = url.indexOf("/", url.indexOf("//") + 2);
  return start < 0 ? "/" : url.slice(start);
}

/** Returns a request's path, unchanged. */
export function pathOf(url: string): string {
  return targetOf(url).replace(/[?#].*$/s, "");
}

/** Returns the query of a URL without the question mark, or an empty string if there is none. */
export function searchOf(url: string): string {
  const at = url.indexOf("?");
  return at < 0 ? "" : url.slice(at + 1);
}

/** Returns the request with a URL that includes a host. */
export function withHost(request: Request): Request {
  return request.url.startsWith("/") ? new Request(`http://localhost${request.url}`, request) : request;
}
