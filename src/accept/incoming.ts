import type { Finding } from "../core/problem.ts";
import type { Received } from "../core/received.ts";
import type { TraceContext } from "../core/trace.ts";
import type { FunctionSend, IdempotencyEntry } from "../store/index.ts";

/** A validated message without a sequence number. */
export interface Incoming {
  readonly eventType: string;
  readonly eventId: string | null;
  readonly channels: readonly string[] | null;
  readonly tags: readonly string[] | null;
  /** Sent to receivers byte for byte. */
  readonly payload: Uint8Array;
  /** Null means `application/json`. */
  readonly contentType: string | null;
  readonly headers: Readonly<Record<string, string>> | null;
  /** How long the payload is kept, in ms. Null means as long as the server keeps messages. */
  readonly retentionMs: number | null;
  /** Earliest time of the first attempt; null means now. */
  readonly deliverAt: number | null;
  /** Violations of the event type's schema, if the message is accepted despite them. */
  readonly warnings: readonly Finding[] | null;
  /** How a source received the message; null for messages that were sent through the API. */
  readonly received: Received | null;
  readonly idempotency: IdempotencyEntry | null;
  /** The function that sends the message. */
  readonly sentBy?: FunctionSend | null;
  /** The trace that the caller has begun. */
  readonly trace?: TraceContext | null;
  /** Time of `Tracer.now` at which the request began. Absent if no spans are recorded. */
  readonly begunAt?: number | undefined;
}

/** Returns a JSON message that has only an event type and a payload. */
export function plainIncoming(eventType: string, payload: Uint8Array): Incoming {
  return {
    eventType,
    eventId: null,
    channels: null,
    tags: null,
    payload,
    contentType: null,
    headers: null,
    retentionMs: null,
    deliverAt: null,
    warnings: null,
    received: null,
    idempotency: null,
  };
}
