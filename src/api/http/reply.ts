import { corsHeaders } from "./cors.ts";

/** An operation's response as a plain value. `body` is JSON, or empty for no body. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Ids of changed records for the audit log, in addition to those in the path and the body's `id`.
   * Not sent. Null if nothing was changed.
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

/** Lets pages from other origins read additional headers such as `Retry-After`. */
const exposed = { "access-control-expose-headers": "*" };

/**
 * One shared object per status, because building the headers costs more than the rest of the
 * response.
 */
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
