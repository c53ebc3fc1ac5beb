import { JetStreamApiError } from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";
import { errorText, type ProtocolResult } from "../../core/protocol-answer.ts";

/** Returns the server's reason for an error, or why the message cannot be sent to it. Null for other errors. */
export function natsReplyOf(error: unknown): ProtocolResult | null {
  if (!(error instanceof Error)) return null;
  const { name, message, cause } = error;
  // If no stream takes the subject of a message, nobody responds to it.
  const isUnknown = name === "JetStreamNotEnabled" || message === "no stream matches subject";
  if (isUnknown) return { status: 404, text: errorText("No Responders", "No stream takes the subject.") };
  if (error instanceof JetStreamApiError) return { status: error.status, text: errorText(String(error.code), message) };
  const isRefused =
    error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError;
  if (isRefused) return { status: 401, text: message };
  if (cause instanceof errors.PermissionViolationError) return { status: 403, text: message };
  if (error instanceof errors.InvalidArgumentError) return refusedByClient(message);
  return needsTls(cause) ? { status: 400, text: "The server requires TLS. Add `tls=true` to the URL." } : null;
}

function refusedByClient(message: string): ProtocolResult {
  const isTooLarge = message.includes("max_payload");
  return isTooLarge ? { status: 413, text: "Maximum Payload Violation" } : { status: 400, text: message };
}

/** Returns whether the server requires TLS: without options for it, the client fails with a `TypeError`. */
function needsTls(cause: unknown): boolean {
  return cause instanceof TypeError;
}
