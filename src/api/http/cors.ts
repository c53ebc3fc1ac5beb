/**
 * Pages of any origin may call what knows its callers by their token alone. The server's own pages are for themselves; should
 * anything ever know its caller by a cookie, it does not belong here.
 */
export const corsHeaders = { "access-control-allow-origin": "*" };

/** `/api/…`, `/inbox/…`, `/in/…`, `/metrics` and the document, whatever stands before the path. */
const openAddress = /^[a-z]+:\/\/[^/]*\/(?:(?:api|in|inbox)\/|(?:metrics|docs\/json)\/?(?:[?#]|$))/i;

/** May a page of another origin call this address? */
export function isOpenToAnyOrigin(url: string): boolean {
  return openAddress.test(url);
}

/** The answer to a browser that asks whether a page of another origin may call: it may, for ten minutes. */
export function preflight(request: Request): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...corsHeaders,
      "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
      "access-control-allow-headers": request.headers.get("access-control-request-headers") ?? "authorization, *",
      "access-control-max-age": "600",
      vary: "access-control-request-headers",
    },
  });
}
