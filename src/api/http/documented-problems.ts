import { Type } from "@sinclair/typebox";
import { object } from "./fields.ts";
import type { DocumentedResponse } from "./operation.ts";

/** The error responses in the document of the API. */

export const HttpErrorOut = object("HttpErrorOut", {
  code: Type.String({ description: "Machine-readable and stable." }),
  detail: Type.String({ description: "Human-readable; may change." }),
});
const HTTPValidationError = object("HTTPValidationError", {
  detail: Type.Array(
    object("ValidationErrorItem", {
      loc: Type.Array(Type.String(), {
        description: "The invalid value: `body`, `query`, `path` or `header`, followed by field names.",
      }),
      msg: Type.String(),
      type: Type.String(),
    }),
  ),
});

/** A 422 of an operation that also refuses valid requests, with a code. */
export function refusal(description: string, code: string, detail: string): DocumentedResponse {
  return { description, schema: Type.Union([HttpErrorOut, HTTPValidationError]), example: { code, detail } };
}

/** Error responses by status. */
export const problems: Readonly<Record<number, DocumentedResponse>> = {
  400: problem("The request cannot be parsed or fulfilled.", "generic_error", "Failed to deserialize query string"),
  401: problem("The token is missing, invalid, expired or revoked.", "authentication_failed", "Invalid token"),
  403: problem(
    "The token is not allowed to do this.",
    "insufficient_access",
    "Insufficient access for the given operation.",
  ),
  404: problem("Not found, or not visible to this token.", "not_found", "Entity not found"),
  405: problem(
    "The method is not allowed. The header `allow` names the allowed ones.",
    "method_not_allowed",
    "Method not allowed; use POST.",
  ),
  408: problem(
    "The body did not arrive in time: 30 s, and 1 s more per 64 KiB. A body of up to 16 KiB has 30 to 60 s.",
    "request_timeout",
    "The body did not arrive in time. Send it faster.",
  ),
  426: problem("The request must be upgraded to a WebSocket.", "upgrade_required", "Connect with a WebSocket client."),
  409: problem("Conflict with an existing resource.", "conflict", "An application with that id or uid already exists"),
  410: problem("It existed, but it is gone for good.", "gone", "This URL has been used. It is good for one GET."),
  415: problem(
    "The content-encoding is not `gzip`. The header `accept-encoding` names the supported ones.",
    "unsupported_media_type",
    "The content-encoding br is not supported. Use gzip, or send the body without an encoding.",
  ),
  413: problem("The body is larger than `max-body`.", "payload_too_large", "Request payload is too large."),
  422: {
    description: "A value is invalid.",
    schema: HTTPValidationError,
    example: { detail: [{ loc: ["body", "name"], msg: "This field is required.", type: "value_error.jsondecode" }] },
  },
  // The HTTP server itself sends this response, before the request is dispatched.
  431: { description: "The URL or the headers exceed 16 KiB." },
  429: problem(
    "Too many requests. `Retry-After` is the time to wait, in seconds. If the exact time is known, `boathook-retry-after-ms` gives it in ms.",
    "too_many_requests",
    "Too many requests.",
  ),
  503: problem(
    "Nothing can be stored at the moment. `Retry-After` says when to retry.",
    "unavailable",
    "Try again later.",
  ),
};

function problem(description: string, code: string, detail: string): DocumentedResponse {
  return { description, schema: HttpErrorOut, example: { code, detail } };
}
