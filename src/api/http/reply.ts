import { corsHeaders } from "./cors.ts";

/** What an operation answers: a status and the text of its JSON body, empty for none. A plain value, so it can be kept. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * For the audit log, never sent: ids of what was changed, beyond those in the path and the answer's own `id`; null when
   * nothing was changed after all.
   */
  readonly changed?: Readonly<Record<string, string>> | null;
}

export function reply(status: number, value: unknown): Reply {
  return { status, body: JSON.stringify(value) };
}

export const noContent: Reply = { status: 204, body: "" };

const jsonHeaders = {
  "content-type": "application/json",
  "cache-control": "no-store",
  ...corsHeaders,
};

/** Headers beyond the usual, such as `Retry-After`, are for the pages of other origins as well. */
const exposed = { "access-control-expose-headers": "*" };

/** One shared object per status: filling in the headers anew would cost more than the rest of the response. */
const initOf = new Map<number, ResponseInit>();
const sharedHeaders = new Headers(jsonHeaders);

export function toResponse({ status, body, headers }: Reply): Response {
  if (headers !== undefined) return new Response(body, { status, headers: { ...jsonHeaders, ...exposed, ...headers } });
  if (body === "") return new Response(null, { status, headers: corsHeaders });
  let init = initOf.get(status);
  if (init === undefined) {
    init = { status, headers: sharedHeaders };
    initOf.set(status, init);
  }
  return new Response(body, init);
}
