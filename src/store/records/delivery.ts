import type { AttemptHeaders } from "../../core/attempt-headers.ts";
import type { AttemptTransformation } from "../../core/attempt-transformation.ts";
import type { DeliveryState } from "../../core/delivery.ts";
import type { Seq } from "../../core/id.ts";
import type { FailureReason } from "../../core/outcome.ts";
import type { MessageContent } from "./message.ts";

export type { DeliveryState } from "../../core/delivery.ts";

/** Cause of an attempt: the schedule, or a request (resend, redrive, replay). */
export type Trigger = "schedule" | "manual";

/** A delivery that is waiting for an attempt. */
export interface PendingDelivery {
  readonly seq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
  /**
   * Position in the lane. In a parallel lane, it encodes the time at which the delivery is read.
   */
  readonly position: Seq;
  /**
   * Earliest time of the next attempt. In a FIFO lane it may be later than the time that the
   * position encodes.
   */
  readonly dueAt: number;
  /** Failed attempts in this round. */
  readonly attempts: number;
  /**
   * Incremented with each resend and redrive. A settlement from an earlier round does not change
   * the delivery.
   */
  readonly round: number;
  readonly trigger: Trigger;
  /** The closed batch in which the delivery is sent; null if there is none. */
  readonly batchSeq: Seq | null;
}

/** A delivery that may become part of a batch, with what counts for the size of the batch. */
export interface BatchCandidate extends PendingDelivery {
  /** Size of the payload, or 0 if it was deleted. */
  readonly payloadBytes: number;
}

/** How far a lane has been read. Deliveries at the same position are in order of `seq`. */
export interface LaneCursor {
  readonly position: Seq;
  readonly seq: Seq;
}

export interface PendingLane {
  readonly endpointSeq: Seq;
  /** Position of the lane's first pending delivery. */
  readonly position: Seq;
}

export interface Attempt {
  readonly seq: Seq;
  readonly deliverySeq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
  /** The URL to which the request was sent. */
  readonly url: string;
  /** The reason why the attempt failed, or null if it succeeded. */
  readonly reason: FailureReason | null;
  /** The HTTP status, or 0 if there was no response. */
  readonly responseStatus: number;
  /**
   * The truncated response body, or an error text if there was no response. Null after it was
   * expunged. The attempts of a batch have one response together.
   */
  readonly response: Uint8Array | null;
  /** A defect of the response as one sentence, or null if there is none. */
  readonly note: string | null;
  readonly durationMs: number;
  readonly trigger: Trigger;
  readonly startedAt: number;
  /** Time at which the next attempt is due; null if there is none. */
  readonly nextAttemptAt: number | null;
  /** The batch in which the message was sent; null if it was sent alone. */
  readonly batchSeq: Seq | null;
  /**
   * The attempt that stores the response for this one too. It belongs to the last message of the batch.
   * Absent if the attempt stores its own, and when attempts are read.
   */
  readonly responseIn?: Seq;
  /** Stored for failed attempts that sent a request. Lists omit the headers. */
  readonly headers?: AttemptHeaders;
  /** Stored if a transformation or a downgrade ran. Lists omit it. */
  readonly transformation?: AttemptTransformation;
  /** The payload version that was sent. Stored if there was one. Lists omit it. */
  readonly apiVersion?: string;
}

/** An attempt and the next state of its delivery. */
export interface Settlement {
  readonly attempt: Attempt;
  /**
   * Fields of the message by which filters find the attempt. If absent, they are read from the
   * stored message.
   */
  readonly message?: Pick<MessageContent, "eventType" | "channels" | "tags">;
  readonly round: number;
  readonly next:
    | { readonly state: "delivered" }
    | { readonly state: "cancelled" }
    /** `attempts` is the number of attempts in this round. */
    | {
        readonly state: "pending";
        readonly attempts: number;
        readonly dueAt: number;
        /**
         * The new position, used only in a parallel lane. In a FIFO lane the delivery keeps its
         * position.
         */
        readonly position: Seq;
      }
    | { readonly state: "dead"; readonly reason: FailureReason };
  /** Time at which the attempt ended. */
  readonly settledAt: number;
  /**
   * Whether to disable the endpoint regardless of its health, because it responded that it is gone.
   */
  readonly disableEndpoint: boolean;
  /**
   * Time of continuous failure, including this attempt, after which the endpoint is disabled, in
   * ms; 0 means never.
   */
  readonly disableAfterMs: number;
  /** Whether the attempt leaves the health of the endpoint unchanged. Absent means no. */
  readonly sparesEndpoint?: true;
}

/** The change that a settlement made. */
export interface Settled {
  /**
   * `moved`: the delivery went from `pending` to `next`. `revived`: the delivery was buried during
   * the attempt and went from `dead` to `delivered`, because the attempt succeeded. `stale`: the
   * delivery did not change, because it was resent, cancelled, buried or settled by another process
   * during the attempt.
   */
  readonly change: "moved" | "revived" | "stale";
  /**
   * The delivery's next state. It is the settlement's `next`, with one exception: a delivery that
   * is due for a retry becomes dead (`disabled`) if its endpoint is disabled.
   */
  readonly next: Settlement["next"];
  /**
   * Set if this settlement disabled the endpoint. `bury` ends the endpoint's other pending
   * deliveries later.
   */
  readonly disabled: { readonly cause: "gone" | "failing"; readonly failingSince: number } | null;
  /**
   * The change of the endpoint's health. `failing`: this is the endpoint's first failure, or the
   * first one after a success. `recoveredFrom`: this is the first success since the endpoint began
   * to fail at that time. Null if nothing changed or the settlement was already stored.
   */
  readonly health: "failing" | { readonly recoveredFrom: number } | null;
}

/**
 * Progress of a delivery. `waiting`: pending, with no attempt yet. `retrying`: pending after at
 * least one attempt. `failed`: dead.
 */
export type DeliveryStatus = "delivered" | "waiting" | "retrying" | "failed" | "cancelled";

/** A delivery as the API shows it. */
export interface Delivery {
  readonly seq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
  readonly state: DeliveryState;
  readonly reason: FailureReason | null;
  /** Earliest time of the next attempt. Has no meaning unless the delivery is pending. */
  readonly dueAt: number;
  /** Number of attempts in all rounds. */
  readonly attemptsTotal: number;
}

/** Deliveries whose retries became due earlier. */
export interface Hastened {
  /** The first position of a hastened delivery; null if there is none. */
  readonly first: Seq | null;
  /** The message to continue after; null if no deliveries are left. */
  readonly last: Seq | null;
}

/** What a process wants of the lanes that it claims. */
export interface LaneWishes {
  /** Endpoints whose lanes this process must serve rather than another, because their consumers are connected to it. */
  readonly preferred: readonly Seq[];
  /** If not null, this process only keeps the lanes of these endpoints, because it is about to stop. */
  readonly kept: readonly Seq[] | null;
}

/** The lanes that this process may serve. */
export interface Claim {
  /**
   * Time from which another process may serve the lanes. No attempt may start after this time, but
   * attempts in progress are settled as usual. Infinity if no other process can take the lanes.
   */
  readonly validUntil: number;
  owns(endpointSeq: Seq): boolean;
}
