import { errorText, type ProtocolResult } from "../../core/protocol-answer.ts";
import { failure, NoConnection } from "../broker/failure.ts";

/** The HTTP statuses of Kafka's errors. All others become 503 if Kafka calls them retriable, otherwise 400. */
const STATUSES: Readonly<Record<string, number>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 404,
  MESSAGE_TOO_LARGE: 413,
  RECORD_LIST_TOO_LARGE: 413,
  TOPIC_AUTHORIZATION_FAILED: 403,
  GROUP_AUTHORIZATION_FAILED: 403,
  CLUSTER_AUTHORIZATION_FAILED: 403,
  SASL_AUTHENTICATION_FAILED: 401,
  REQUEST_TIMED_OUT: 504,
};

/** Errors after which the client asks for the leader of a partition again. Nothing was stored. */
const MOVED = new Set(["NOT_LEADER_FOR_PARTITION", "LEADER_NOT_AVAILABLE", "FENCED_LEADER_EPOCH"]);

/** Errors for a consumer that is no longer a member of its group's current generation. */
const STALE_MEMBER = new Set(["ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID", "REBALANCE_IN_PROGRESS"]);

/** Text of the client before a broker's reason for refusing a login. */
const CLIENT_PREFIX = /^SASL [\w -]+ authentication failed: /;

/** Errors of `kafkajs`. Those of brokers have a type. */
interface ClientError extends Error {
  readonly type?: string;
  readonly retriable?: boolean;
}

/** Returns the broker's reason for an error, or null if the error does not come from a broker. */
export function kafkaReplyOf(error: unknown): ProtocolResult | null {
  const { name, message, type, retriable } = innermost(error);
  if (name === "KafkaJSSASLAuthenticationError") {
    return { status: 401, text: errorText("SASL_AUTHENTICATION_FAILED", message.replace(CLIENT_PREFIX, "")) };
  }
  if (name === "KafkaJSNotImplemented") return { status: 400, text: message };
  if (name === "KafkaJSMetadataNotLoaded") return { status: 404, text: errorText("UNKNOWN_TOPIC_OR_PARTITION", "") };
  if (type === undefined) return null;
  return { status: STATUSES[type] ?? (retriable === true ? 503 : 400), text: errorText(type, message) };
}

/** Returns whether a broker has refused a request because of its messages. None of them was stored. */
export function isMessageRefused(error: unknown): boolean {
  const status = kafkaReplyOf(error)?.status;
  return status === 400 || status === 413;
}

/** Returns whether a partition has another leader than the client believed. */
export function isLeaderMoved(error: unknown): boolean {
  return MOVED.has(innermost(error).type ?? "");
}

/** Returns whether a group has given the partitions of a consumer to others. */
export function isStaleMember(error: unknown): boolean {
  return STALE_MEMBER.has(innermost(error).type ?? "");
}

/**
 * Returns a `NoConnection` if the connection to a broker has failed, and any other error unchanged.
 * `failed` is the reason for the latest connection that could not be opened.
 */
export function connectionErrorOf(error: unknown, failed: NoConnection | null): Error {
  const cause = innermost(error);
  if (cause.type !== undefined) return cause;
  if (cause.name === "KafkaJSRequestTimeoutError") {
    return new NoConnection(failure("timeout", "The broker did not respond in time."));
  }
  if (cause.name === "KafkaJSConnectionClosedError" || cause.message.startsWith("Connection closed by")) {
    return failed ?? new NoConnection(failure("connection", "The broker closed the connection."));
  }
  return cause.name.startsWith("KafkaJSConnection") && failed !== null ? failed : cause;
}

/** Returns the first cause of an error. The client wraps errors after each of its tries. */
function innermost(error: unknown): ClientError {
  if (!(error instanceof Error)) return new Error(String(error));
  return error.cause instanceof Error ? innermost(error.cause) : error;
}
