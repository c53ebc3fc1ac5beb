import type { Seq } from "../../core/id.ts";
import type { FailureReason } from "../../core/outcome.ts";
import type { MessageContent } from "./message.ts";

export type DeliveryState = "pending" | "delivered" | "dead" | "cancelled";

/** Why an attempt is made: because of the schedule, or of a request (resend, redrive, replay). */
export type Trigger = "schedule" | "manual";

/** A delivery that waits for an attempt. */
export interface PendingDelivery {
  readonly seq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
  /**
   * Position in the lane. A parallel lane reads a delivery when the time of its position has come.
   */
  readonly position: Seq;
  /**
   * Earliest time of the next attempt. In a fifo lane it may be later than the time of the
   * position.
   */
  readonly dueAt: number;
  /** Failed attempts of this round. */
  readonly attempts: number;
  /**
   * Rises with each resend and redrive. Settlements of earlier rounds do not change the delivery.
   */
  readonly round: number;
  readonly trigger: Trigger;
}

/** How far a lane has been read. Deliveries at the same position are in order of `seq`. */
export interface LaneCursor {
  readonly position: Seq;
  readonly seq: Seq;
}

export interface PendingLane {
  readonly endpointSeq: Seq;
  /** Position of the first pending delivery. */
  readonly position: Seq;
}

export interface Attempt {
  readonly seq: Seq;
  readonly deliverySeq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
  /** The endpoint's URL at the time of the attempt. */
  readonly url: string;
  /** Why it failed; null if it succeeded. */
  readonly reason: FailureReason | null;
  /** 0 if there was no response. */
  readonly responseStatus: number;
  /**
   * The cut response body, or an error text if there was no response. Null after it was expunged.
   */
  readonly response: Uint8Array | null;
  readonly durationMs: number;
  readonly trigger: Trigger;
  readonly startedAt: number;
  /** When the next attempt is due; null if there is none. */
  readonly nextAttemptAt: number | null;
}

/** An attempt and the next state of its delivery. */
export interface Settlement {
  readonly attempt: Attempt;
  /** What filters find the attempt by. It is read from the message if absent. */
  readonly message?: Pick<MessageContent, "eventType" | "channels" | "tags">;
  readonly round: number;
  readonly next:
    | { readonly state: "delivered" }
    /** `attempts` counts those of this round. */
    | {
        readonly state: "pending";
        readonly attempts: number;
        readonly dueAt: number;
        /** New position in a parallel lane. In a fifo lane the delivery keeps its position. */
        readonly position: Seq;
      }
    | { readonly state: "dead"; readonly reason: FailureReason };
  /** When the attempt ended. */
  readonly settledAt: number;
  /** Disable the endpoint, however healthy it was: it responded that it is gone. */
  readonly disableEndpoint: boolean;
  /**
   * Disable the endpoint if all its attempts have failed for this long, this one included; 0 =
   * never.
   */
  readonly disableAfterMs: number;
}

/** What a settlement changed. */
export interface Settled {
  /**
   * `moved`: the delivery went from `pending` to `next`. `revived`: it went from `dead` to
   * `delivered`, because it was buried during the attempt and the attempt succeeded. `stale`: it did
   * not change, because it was resent, cancelled, buried or settled by another process during the
   * attempt.
   */
  readonly change: "moved" | "revived" | "stale";
  /**
   * The settlement's `next`. A delivery that was to be retried is dead (`disabled`) when its
   * endpoint is disabled.
   */
  readonly next: Settlement["next"];
  /**
   * Set if this settlement disabled the endpoint. Its other pending deliveries are left to `bury`.
   */
  readonly disabled: { readonly cause: "gone" | "failing"; readonly failingSince: number } | null;
}

/**
 * Progress of a delivery. `waiting`: pending without an attempt. `retrying`: pending after at least
 * one attempt. `failed`: dead.
 */
export type DeliveryStatus = "delivered" | "waiting" | "retrying" | "failed" | "cancelled";

/** A delivery, for people. */
export interface Delivery {
  readonly seq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
  readonly state: DeliveryState;
  readonly reason: FailureReason | null;
  readonly dueAt: number;
  /** Attempts in all rounds. */
  readonly attemptsTotal: number;
}

/** The lanes that this process may serve. */
export interface Claim {
  /**
   * From then on another process may serve the lanes. No attempt may start any more; attempts under
   * way are settled as usual. Infinity if no other process can take the lanes.
   */
  readonly validUntil: number;
  owns(endpointSeq: Seq): boolean;
}
