import { Type } from "@sinclair/typebox";

/**
 * Headers of a response with bytes that anyone may have sent. They keep a browser from running the
 * bytes as a page of this server.
 */
export const foreignContent = {
  "content-security-policy": "sandbox; default-src 'none'",
  "content-disposition": "attachment",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/** The description of a response with the bytes of a payload. */
export const payloadBytes = {
  description: "The payload.",
  contentType: "*/*",
  schema: Type.String({ format: "binary" }),
  example: '{"type":"user.signup"}',
};
