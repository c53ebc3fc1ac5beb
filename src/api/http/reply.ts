import { isDeepStrictEqual } from "node:util";
import type { IdempotentResponse } from "../../store/index.ts";
import { corsHeaders } from "./cors.ts";

/** The response of an operation as a plain value. `body` is JSON, or empty if there is no body. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Ids of changed records for the audit log, in addition to those in the path and the `id` in the
   * body. They are not sent. Null if nothing was changed.
   */
  readonly changed?: Readonly<Record<string, string>> | null;
  /** The stored response that this one repeats. Its body hash is compared with the request's. */
  readonly repeated?: IdempotentResponse;
}

export function reply(status: number, value: unknown): Reply {
  return { status, body: JSON.stringify(value) };
}

export const noContent: Reply = { status: 204, body: "" };

/** Returns a response to a change, which the audit log leaves out if the record is the same as before. */
export function changeReply(response: Reply, before: unknown, after: unknown): Reply {
  return isDeepStrictEqual(before, after) ? { ...response, changed: null } : response;
}

const jsonHeaders = {
  "content-type": "application/json",
  "cache-control": "no-store",
  ...corsHeaders,
};

/** Lets pages from other origins read additional response headers, such as `Retry-After`. */
const exposed = { "access-control-expose-headers": "*" };

/**
 * A shared object per status, because building the headers costs more than the rest of the
 * response.
 */
const initOf = new Map<number, ResponseInit>();
const sharedHeaders = new Headers(jsonHeaders);

export function toResponse({ status, body, headers }: Reply): Response {
  if (headers !== undefined && body === "") {
    return new Response(null, { status, headers: { ...corsHeaders, ...exposed, ...headers } });
  }
  if (headers !== undefined) return new Response(body, { status, headers: { ...jsonHeaders, ...exposed, ...headers } });
  if (body === "") return new Response(null, { status, headers: corsHeaders });
  let init = initOf.get(status);
  if (init === undefined) {
    init = { status, headers: sharedHeaders };
    initOf.set(status, init);
  }
  return new Response(body, init);
}
