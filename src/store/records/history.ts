import type { DeliveryWas } from "../../core/fact.ts";
import type { Seq } from "../../core/id.ts";
import type { FailureReason } from "../../core/outcome.ts";
import type { TimeWindow } from "./common.ts";
import type { Attempt, Delivery, DeliveryState, DeliveryStatus, LaneCursor } from "./delivery.ts";
import type { Message, MessageFilter } from "./message.ts";

/** The class of a response status, or `none` if there was no response. */
export type ResponseClass = "none" | "1xx" | "2xx" | "3xx" | "4xx" | "5xx";

export interface AttemptFilter extends MessageFilter {
  readonly outcome?: "delivered" | "failed";
  readonly responseClass?: ResponseClass;
  readonly endpointSeq?: Seq;
  /** Only attempts of this batch. */
  readonly batchSeq?: Seq;
}

export interface EndpointMessageFilter extends MessageFilter {
  /**
   * `delivered` includes deliveries that succeeded in an earlier round. `failed` includes cancelled
   * deliveries, but excludes deliveries that have ever succeeded.
   */
  readonly status?: DeliveryStatus;
}

/** A message with its delivery to an endpoint. */
export interface EndpointMessage {
  /** The sequence number of the message. */
  readonly seq: Seq;
  readonly message: Message;
  readonly delivery: Delivery;
}

/** Number of attempts, by outcome. */
export interface AttemptCounts {
  readonly delivered: number;
  readonly failed: number;
}

/** A consumer that polls for an application's messages. */
export interface PollerKey {
  readonly applicationSeq: Seq;
  readonly sink: string;
  readonly consumer: string;
}

export interface GroupKey {
  readonly applicationSeq: Seq;
  readonly sink: string;
  readonly group: string;
}

/** A message that a group has leased. */
export interface Lease {
  readonly messageSeq: Seq;
  /** How many times the group has leased the message, with this lease. */
  readonly times: number;
}

export interface LeaseOptions {
  readonly limit: number;
  readonly bytesMax: number;
  readonly now: number;
  readonly endsAt: number;
  /** The cursor of a new group. */
  readonly begin: Seq;
  readonly groupsMax: number;
  readonly leasesMax: number;
}

export interface DeadLetter {
  /** The sequence number of the delivery. */
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  /** The source that the application stands behind, or null for an ordinary application. */
  readonly sourceSeq: Seq | null;
  readonly messageSeq: Seq;
  readonly eventId: string | null;
  readonly eventType: string;
  readonly endpointSeq: Seq;
  readonly url: string;
  readonly reason: FailureReason;
  /** Number of attempts in all rounds. */
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

/**
 * Selects messages of an application to send to one of its endpoints, again or for the first time.
 */
export interface ReplayOrder {
  readonly applicationSeq: Seq;
  readonly endpointSeq: Seq;
  /**
   * `failed`: messages whose delivery is dead or being retried, unless an earlier round succeeded.
   * `missing`: messages without a delivery, or whose delivery became dead without an attempt.
   * `sent`: messages with a delivery, except those waiting for their first attempt.
   */
  readonly which: "failed" | "missing" | "sent";
  /** Messages between `from` and `before`, both exclusive. */
  readonly from: Seq;
  readonly to: Seq;
  /**
   * Time of the request. Deliveries that ended later are skipped, so that a replay never sends its
   * own failures again.
   */
  readonly askedAt: number;
  /** Deliveries that ended later than this ended before the clock was set back, and are not skipped. */
  readonly now: number;
  readonly eventTypes?: readonly string[];
  readonly channel?: string;
  readonly tag?: string;
  /** Status of the delivery. Set only if `which` is `sent`. */
  readonly status?: DeliveryStatus;
  /** Class of the latest response. Set only if `which` is `sent`. */
  readonly responseClass?: ResponseClass;
}

/** A message that a replay may send. */
export interface Replayable {
  readonly messageSeq: Seq;
  readonly eventType: string;
  readonly channels: readonly string[] | null;
  /** The delivery to the endpoint when the message was found, or null if there was none. */
  readonly delivery: { readonly seq: Seq; readonly state: DeliveryState; readonly round: number } | null;
}

export interface ReplayPage {
  readonly rows: readonly Replayable[];
  /** The last message that was read, to continue after. Null if no messages are left. */
  readonly last: Seq | null;
}

/** The result of one step of a redrive. */
export interface Redriven {
  readonly redriven: number;
  readonly endpoints: readonly Seq[];
  /**
   * The last delivery that was checked, to continue after. Null if no dead letters are left. One
   * call checks a limited number of deliveries, so it may redrive fewer than `limit`.
   */
  readonly last: Seq | null;
}

/** The result of one step of a drop. */
export interface Dropped {
  readonly dropped: number;
  /** As in `Redriven`. */
  readonly last: Seq | null;
}

/** Number of deliveries that were made pending, by their previous state. */
export type Resent = Readonly<Record<DeliveryWas, number>>;

/** The result of one step that cancels the pending deliveries of a lane. */
export interface CancelledStep {
  readonly cancelled: number;
  /** The place in the lane to continue after, or null if no deliveries are left. */
  readonly last: LaneCursor | null;
}

export interface Expunged {
  /** Number of messages whose payload was deleted. */
  readonly messages: number;
  /** Number of pending deliveries that were cancelled. */
  readonly cancelled: number;
  /** The endpoints of the cancelled deliveries. */
  readonly endpoints: readonly Seq[];
}

/** Numbers of endpoints by state. One that is disabled is not counted as paused. */
export interface EndpointCounts {
  readonly healthy: number;
  readonly disabled: number;
  /** Without those that are not verified. */
  readonly paused: number;
  readonly unverified: number;
}

/** Numbers of pending deliveries and dead letters in an environment. */
export interface StoreTotals {
  readonly environmentSeq: Seq;
  readonly pending: number;
  readonly dead: number;
}
