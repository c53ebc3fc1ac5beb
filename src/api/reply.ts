/** What an operation answers: a status and the text of its JSON body, empty for none. A plain value, so it can be kept. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function reply(status: number, value: unknown): Reply {
  return { status, body: JSON.stringify(value) };
}

export const noContent: Reply = { status: 204, body: "" };

/** Pages of any origin may call the API: it knows callers by their token alone, never by a cookie. */
const corsHeaders = { "access-control-allow-origin": "*" };

const jsonHeaders = {
  "content-type": "application/json",
  "cache-control": "no-store",
  ...corsHeaders,
};

/** One shared object per status: filling in the headers anew would cost more than the rest of the response. */
const initOf = new Map<number, ResponseInit>();
const sharedHeaders = new Headers(jsonHeaders);

export function toResponse({ status, body, headers }: Reply): Response {
  if (headers !== undefined) return new Response(body, { status, headers: { ...jsonHeaders, ...headers } });
  if (body === "") return new Response(null, { status, headers: corsHeaders });
  let init = initOf.get(status);
  if (init === undefined) {
    init = { status, headers: sharedHeaders };
    initOf.set(status, init);
  }
  return new Response(body, init);
}

/** The answer to a browser that asks whether a page of another origin may call: it may, for ten minutes. */
export function preflight(request: Request): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...corsHeaders,
      "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
      "access-control-allow-headers": request.headers.get("access-control-request-headers") ?? "*",
      "access-control-max-age": "600",
    },
  });
}
