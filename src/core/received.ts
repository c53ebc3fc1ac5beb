/** Facts about messages that a source received, and reasons why requests are refused. */
import type { Seq } from "./id.ts";

/** Why a request did not pass its check. */
export const causes = [
  "signature_mismatch",
  "missing_signature",
  "malformed_signature",
  "timestamp_too_old",
  "timestamp_in_future",
  "missing_timestamp",
  "body_hash_mismatch",
  "token_mismatch",
  "unknown_key",
  "claim_mismatch",
  "algorithm_not_allowed",
  "certificate_url_not_allowed",
  "topic_mismatch",
] as const;

export type Cause = (typeof causes)[number];

/** Reasons why a request is in the log of its source. */
export const logCauses = [...causes, "method_not_allowed", "payload_too_large", "rate_limited", "schema"] as const;

export type LogCause = (typeof logCauses)[number];

/**
 * What a request that passed its check proves. `verified`: a signature covers the body.
 * `authenticated`: a secret that does not cover the body. `unattempted`: nothing was checked.
 */
export type PassedState = "verified" | "authenticated" | "unattempted";

/** `failed`: the request did not pass its check, but its source also stores such requests. */
export type ReceivedState = PassedState | "failed";

/** A response to the sender. */
export interface DoorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * How a source received a message. The sender's headers are the headers of the message, with names
 * in lower case.
 */
export interface Received {
  /** The source's uid, or its id if it has none. */
  readonly source: string;
  readonly sourceSeq: Seq;
  /** In upper case. For a message from a queue, the type of the source. */
  readonly method: string;
  /**
   * The suffix and the query of the request, with their percent escapes; `/` if there are none. For a
   * message from a queue, the queue, topic or subject.
   */
  readonly path: string;
  readonly state: ReceivedState;
  /** Null unless `state` is `failed`. */
  readonly cause: Cause | null;
  /** The names of headers whose value was the secret itself and reads `[redacted]`. */
  readonly redacted: readonly string[];
  /** The response to the sender, which a duplicate gets too. Null means the source's response. */
  readonly reply: DoorReply | null;
}

/** Outcomes of a request at the door. The log and the counts of a source use these words. */
export const outcomes = ["stored", "duplicate", "refused", "limited", "handshake"] as const;

export type ReceivedOutcome = (typeof outcomes)[number];

/** Number of requests to a source, by outcome. */
export type SourceCounts = Readonly<Record<ReceivedOutcome, number>>;
