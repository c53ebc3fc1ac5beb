import type { Seq } from "./id.ts";
import type { FailureReason } from "./outcome.ts";
import type { Received } from "./received.ts";
import type { TraceContext } from "./trace.ts";

/**
 * Records what happens to messages as spans of traces. Parts that do work for a message have a
 * tracer only if traces are exported; otherwise it is null, and they do nothing for traces. No
 * method blocks or throws.
 */
export interface Tracer {
  /** Returns the time in ms since the Unix epoch, with fractions. */
  now(): number;
  /** Returns whether the spans of a message are recorded. */
  records(message: TracedMessage): boolean;
  /** Records the spans of a message that has just been committed, unless its trace is not recorded. */
  accepted(message: TracedMessage, times: AcceptTimes): void;
  /** Begins the span of an attempt. */
  attempt(message: TracedMessage, delivery: TracedDelivery): AttemptSpan;
}

/** Times of `Tracer.now`. */
export interface AcceptTimes {
  /** Time at which the request of the caller began. */
  readonly begunAt: number;
  readonly committingAt: number;
}

export interface TracedMessage {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly eventType: string;
  readonly received: Received | null;
  readonly trace?: TraceContext | null;
}

export interface TracedDelivery {
  readonly seq: Seq;
  readonly endpointSeq: Seq;
  /** Failed attempts in this round. */
  readonly attempts: number;
}

export interface TracedAttempt {
  readonly seq: Seq;
  readonly url: string;
  /** The reason of the failure, or null if the attempt succeeded. */
  readonly reason: FailureReason | null;
  /** Status of the response, or 0 if there was none. */
  readonly responseStatus: number;
}

/**
 * The spans of one attempt. They are recorded when they end, so an attempt that was not made leaves
 * none.
 */
export interface AttemptSpan {
  /** The trace in which the receiver continues. */
  readonly trace: TraceContext;
  /** Ends the span of the attempt and begins that of its settlement. */
  responded(attempt: TracedAttempt): void;
  /** Ends the span of the settlement. `next` is the next state of the delivery. */
  settled(next: string): void;
}
