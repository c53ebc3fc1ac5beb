import { JetStreamApiError } from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";
import { errorText, type ProtocolResult } from "../../core/protocol-answer.ts";

/** Returns what the server said, or why the message cannot be sent to it. Null for other errors. */
export function natsReplyOf(error: unknown): ProtocolResult | null {
  if (!(error instanceof Error)) return null;
  // Nobody responds to a message if no stream takes its subject.
  if (error.name === "JetStreamNotEnabled")
    return { status: 404, text: errorText("No Responders", "No stream takes the subject.") };
  if (error instanceof JetStreamApiError)
    return { status: error.status, text: errorText(String(error.code), error.message) };
  if (error instanceof errors.AuthorizationError) return { status: 401, text: error.message };
  if (error instanceof errors.UserAuthenticationExpiredError) return { status: 401, text: error.message };
  if (error.cause instanceof errors.PermissionViolationError) return { status: 403, text: error.message };
  if (error instanceof errors.InvalidArgumentError) return refusedByClient(error);
  return needsTls(error) ? { status: 400, text: "The server requires TLS. Add `tls=true` to the URL." } : null;
}

function refusedByClient({ message }: Error): ProtocolResult {
  const isTooLarge = message.includes("max_payload");
  return isTooLarge ? { status: 413, text: "Maximum Payload Violation" } : { status: 400, text: message };
}

/** The client fails like this if the server requires TLS and the client has no options for it. */
function needsTls({ cause }: Error): boolean {
  return cause instanceof TypeError;
}
