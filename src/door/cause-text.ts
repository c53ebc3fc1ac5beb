import type { LogCause } from "../core/received.ts";

const TEXTS: Readonly<Record<LogCause, string>> = {
  signature_mismatch:
    "The signature does not match the request. Check that the secret of the source is the sender's, and that no proxy changes the body.",
  missing_signature: "The request has no signature. Check that the sender signs its requests.",
  malformed_signature: "The signature does not have the provider's format.",
  timestamp_too_old: "The signed time is too old. Check the clock of this server.",
  timestamp_in_future: "The signed time is in the future. Check the clock of this server.",
  missing_timestamp: "The request has no valid time.",
  body_hash_mismatch: "The signed hash does not match the body.",
  token_mismatch: "The token or password is not the one of the source.",
  unknown_key: "The request is signed with a key that is not known.",
  claim_mismatch: "A claim of the token, such as its audience, is not the expected one.",
  algorithm_not_allowed: "The request is signed with an algorithm that the provider does not use.",
  certificate_url_not_allowed: "The URL of the certificate is not one of the provider.",
  topic_mismatch: "The topic is not the one of the source.",
  method_not_allowed: "The provider never uses this method.",
  payload_too_large: "The body is larger than max-body allows.",
  schema: "The payload does not match the schema of its event type, which rejects such payloads.",
  rate_limited: "The source has received more messages per second than its ingestRate allows.",
};

/** Returns a sentence for the operator of a source. */
export function causeText(cause: LogCause): string {
  return TEXTS[cause];
}
