import { Type } from "@sinclair/typebox";
import type { ByteLease } from "./byte-budget.ts";
import { inPieces, LONG_SIZE } from "./piecewise.ts";

/**
 * Headers of a response with bytes that anyone may have sent. They keep a browser from running the
 * bytes as a page of this server.
 */
const foreignContent = {
  "content-security-policy": "sandbox; default-src 'none'",
  "content-disposition": "attachment",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/**
 * Returns a response with the bytes of a payload. A long one is sent as fast as the client reads, and
 * throws 503 if too many of them are under way. `lease` is null if the body is not sent.
 */
export function payloadResponse({ payload, contentType, headers }: PayloadContent, lease: ByteLease | null): Response {
  const type: Record<string, string> = contentType === null ? {} : { "content-type": contentType };
  const init = { headers: { ...foreignContent, ...headers, ...type } };
  if (lease === null || payload.byteLength < LONG_SIZE) return new Response(new Uint8Array(payload), init);
  lease.grow(payload.byteLength);
  return new Response(inPieces(payload, lease), init);
}

/** What a response with a payload contains. */
export interface PayloadContent {
  readonly payload: Uint8Array;
  /** Null if the sender of a received message stated none. */
  readonly contentType: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** The description of a response with the bytes of a payload. */
export const payloadBytes = {
  description: "The payload.",
  contentType: "*/*",
  schema: Type.String({ format: "binary" }),
  example: '{"type":"user.signup"}',
};
