/**
 * Headers that let pages from any origin call a URL with a token. Browsers never give such a page
 * the response to a request with cookies, because the origin is `*` and credentials are not allowed.
 */
export const corsHeaders = { "access-control-allow-origin": "*" };

/** Matches `/api/…`, `/ingest/…`, `/inbox/…`, `/metrics` and the OpenAPI document, on any host. */
const openAddress = /^[a-z]+:\/\/[^/]*\/(?:(?:api|ingest|inbox)\/|(?:metrics|docs\/json)\/?(?:[?#]|$))/i;

/** Returns whether pages from other origins may call this URL. */
export function isOpenToAnyOrigin(url: string): boolean {
  return openAddress.test(url);
}

/** Returns the response to a CORS preflight request. Browsers may cache it for ten minutes. */
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
