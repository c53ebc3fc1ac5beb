import { JetStreamApiError } from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";
import { errorText, type ProtocolResult } from "../../core/protocol-answer.ts";

/** Returns what the server said, or why the message cannot be sent to it. Null for other errors. */
export function natsReplyOf(error: unknown): ProtocolResult | null {
  if (!(error instanceof Error)) return null;
  const { name, message, cause } = error;
  // Nobody responds to a message if no stream takes its subject.
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

/** The client fails like this if the server requires TLS and the client has no options for it. */
function needsTls(cause: unknown): boolean {
  return cause instanceof TypeError;
}
