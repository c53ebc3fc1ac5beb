import type { DeliveryWas } from "../../core/fact.ts";
import type { Seq } from "../../core/id.ts";
import type { FailureReason } from "../../core/outcome.ts";
import type { TimeWindow } from "./common.ts";
import type { Attempt, Delivery, DeliveryState, DeliveryStatus } from "./delivery.ts";
import type { Message, MessageFilter } from "./message.ts";

/** The class of an HTTP response status; `none` when there was no response. */
export type ResponseClass = "none" | "1xx" | "2xx" | "3xx" | "4xx" | "5xx";

export interface AttemptFilter extends MessageFilter {
  readonly outcome?: "delivered" | "failed";
  readonly responseClass?: ResponseClass;
  readonly endpointSeq?: Seq;
}

export interface EndpointMessageFilter extends MessageFilter {
  /**
   * `delivered` includes a delivery that succeeded in an earlier round. `failed` includes cancelled deliveries, but none
   * that ever succeeded.
   */
  readonly status?: DeliveryStatus;
}

/** A message that goes to an endpoint, and how far it is. */
export interface EndpointMessage {
  /** The message's. */
  readonly seq: Seq;
  readonly message: Message;
  readonly delivery: Delivery;
}

/** Attempts of an endpoint by how they ended. */
export interface AttemptCounts {
  readonly delivered: number;
  readonly failed: number;
}

/** Where a consumer of an application's messages has come to. */
export interface PollerKey {
  readonly applicationSeq: Seq;
  readonly sink: string;
  readonly consumer: string;
}

export interface DeadLetter {
  /** The delivery. */
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly messageSeq: Seq;
  readonly eventId: string | null;
  readonly eventType: string;
  readonly endpointSeq: Seq;
  readonly url: string;
  readonly reason: FailureReason;
  /** Attempts made, over all rounds. */
  readonly attempts: number;
  readonly lastAttempt: Attempt | null;
  readonly deadAt: number;
}

export interface DeadLetterFilter extends TimeWindow {
  readonly environmentSeq: Seq;
  readonly applicationSeq?: Seq;
  readonly endpointSeq?: Seq;
  readonly eventTypes?: readonly string[];
  readonly reason?: FailureReason;
  readonly deliverySeqs?: readonly Seq[];
}

export interface DeadLetterGroup {
  readonly applicationSeq: Seq;
  readonly endpointSeq: Seq;
  readonly eventType: string;
  readonly reason: FailureReason;
  readonly count: number;
  readonly firstDeadAt: number;
  readonly lastDeadAt: number;
}

/** Which messages of an application are to be sent to one of its endpoints again, or for the first time. */
export interface ReplayOrder {
  readonly applicationSeq: Seq;
  readonly endpointSeq: Seq;
  /**
   * `failed`: dead letters and what is being retried, unless an earlier round has succeeded. `missing`: what has no delivery, or one
   * that died without an attempt. `sent`: everything with a delivery, but for what still waits for its first attempt.
   */
  readonly which: "failed" | "missing" | "sent";
  /** Numbers of the messages: beyond `from` and before `to`, both exclusive. */
  readonly from: Seq;
  readonly to: Seq;
  /** When it was asked for: deliveries that have ended since are not touched, so that a replay never chases its own failures. */
  readonly askedAt: number;
  readonly eventTypes?: readonly string[];
  readonly channel?: string;
  readonly tag?: string;
  /** Only for `sent`. */
  readonly status?: DeliveryStatus;
  /** Only for `sent`: the class of the latest response. */
  readonly responseClass?: ResponseClass;
}

/** A message that a replay may send. */
export interface Replayable {
  readonly messageSeq: Seq;
  readonly eventType: string;
  readonly channels: readonly string[] | null;
  /** Its delivery to the endpoint, as it was found; null when there is none. */
  readonly delivery: { readonly seq: Seq; readonly state: DeliveryState; readonly round: number } | null;
}

export interface ReplayPage {
  readonly rows: readonly Replayable[];
  /** The message at which to go on; null when there are no more. */
  readonly last: Seq | null;
}

/** What one step of a redrive has done. */
export interface Redriven {
  readonly redriven: number;
  readonly endpoints: readonly Seq[];
  /** The dead letter at which to go on; null when none is left. */
  readonly last: Seq | null;
}

/** How many deliveries were made pending, by what they were before. */
export type Resent = Readonly<Record<DeliveryWas, number>>;

export interface Expunged {
  /** Messages that had a payload. */
  readonly messages: number;
  /** Deliveries that waited and were cancelled, and their endpoints. */
  readonly cancelled: number;
  readonly endpoints: readonly Seq[];
}

/** What waits and what is dead in one environment. */
export interface StoreTotals {
  readonly environmentSeq: Seq;
  readonly pending: number;
  readonly dead: number;
}
