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
  return request.url.startsWith("/") ? copyOf(request, `http://localhost${request.url}`) : request;
}

const originals = new WeakMap<Request, Request>();

function copyOf(request: Request, url: string): Request {
  const copy = new Request(url, request);
  originals.set(copy, originalOf(request));
  return copy;
}

/** Returns the request with other headers. */
export function withHeaders(request: Request, headers: Headers): Request {
  const copy = new Request(request.url, { method: request.method, headers, signal: request.signal });
  originals.set(copy, originalOf(request));
  return copy;
}

/** Returns the request that the server received. The connection of its copies is unknown. */
export function originalOf(request: Request): Request {
  return originals.get(request) ?? request;
}

/**
 * Returns the request without a prefix of its path, such as `/hooks` in `/hooks/api/v1/app`. A
 * proxy may keep the path of the public URL or remove it.
 */
export function withoutPrefix(request: Request, prefix: string): Request {
  const { url } = request;
  const target = targetOf(url);
  if (prefix === "" || !target.startsWith(prefix) || !/^(?:[/?#]|$)/.test(target.slice(prefix.length))) return request;
  const rest = target.slice(prefix.length);
  const origin = url.slice(0, url.length - target.length);
  return copyOf(request, origin + (rest.startsWith("/") ? rest : `/${rest}`));
}
