import type { Seq } from "../../core/id.ts";
import type { FailureReason } from "../../core/outcome.ts";
import type { MessageContent } from "./message.ts";

export type DeliveryState = "pending" | "delivered" | "dead" | "cancelled";

/** Why an attempt is made: by the retry schedule, or because somebody asked for it (resend, redrive, replay). */
export type Trigger = "schedule" | "manual";

/** A delivery that waits for an attempt. */
export interface PendingDelivery {
  readonly seq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
  /** Its place in the lane. Parallel lanes: due when this instant has come. */
  readonly position: Seq;
  /** Not to be sent earlier. In a fifo lane the head may have to wait although its place has come. */
  readonly dueAt: number;
  /** Failed attempts of the present round. */
  readonly attempts: number;
  /** Rises with each resend or redrive; a settlement of an earlier round changes nothing. */
  readonly round: number;
  readonly trigger: Trigger;
}

/** A place in a lane: everything at or before it has been read. Ties of `position` are broken by `seq`. */
export interface LaneCursor {
  readonly position: Seq;
  readonly seq: Seq;
}

export interface PendingLane {
  readonly endpointSeq: Seq;
  /** The place of the first waiting delivery. */
  readonly position: Seq;
}

export interface Attempt {
  readonly seq: Seq;
  readonly deliverySeq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
  /** Where it was sent: the endpoint's address at that time. */
  readonly url: string;
  /** Null is success. */
  readonly reason: FailureReason | null;
  /** 0 when there was no answer. */
  readonly responseStatus: number;
  /** The answer's body (cut), or the text of the error when there was no answer. Null once expunged. */
  readonly response: Uint8Array | null;
  readonly durationMs: number;
  readonly trigger: Trigger;
  readonly startedAt: number;
  /** When the next attempt is due; null when this one decided the delivery. */
  readonly nextAttemptAt: number | null;
}

/** An attempt's result and what it makes of its delivery. */
export interface Settlement {
  readonly attempt: Attempt;
  /** By what the attempt can be found. Absent: it is looked up. */
  readonly message?: Pick<MessageContent, "eventType" | "channels" | "tags">;
  readonly round: number;
  readonly next:
    | { readonly state: "delivered" }
    /** Attempts of this round so far, the instant of the next, and the place in the lane. */
    | {
        readonly state: "pending";
        readonly attempts: number;
        readonly dueAt: number;
        /** Its new place in a parallel lane. In a fifo lane it keeps the one it has. */
        readonly position: Seq;
      }
    | { readonly state: "dead"; readonly reason: FailureReason };
  /** When the attempt ended. */
  readonly settledAt: number;
  /** Disable the endpoint, however healthy it was: it responded that it is gone. */
  readonly disableEndpoint: boolean;
  /** Disable the endpoint if all its attempts have failed for this long, this one included; 0 = never. */
  readonly disableAfterMs: number;
}

/** What a settlement changed. */
export interface Settled {
  /**
   * `moved`: the delivery went from `pending` to `next`. `revived`: it went from `dead` to `delivered`, because it was
   * buried while its request was under way, and the request succeeded. `stale`: it did not change, because it had been
   * resent, cancelled, buried or settled by another process during the attempt.
   */
  readonly change: "moved" | "revived" | "stale";
  /** The settlement's `next`. A delivery that was to be retried is dead (`disabled`) when its endpoint is disabled. */
  readonly next: Settlement["next"];
  /** Set if this settlement disabled the endpoint. Its other pending deliveries are left to `bury`. */
  readonly disabled: { readonly cause: "gone" | "failing"; readonly failingSince: number } | null;
}

/**
 * How far a message is on its way to an endpoint. `waiting`: pending without an attempt. `retrying`: pending after at
 * least one attempt. `failed`: dead.
 */
export type DeliveryStatus = "delivered" | "waiting" | "retrying" | "failed" | "cancelled";

/** A delivery as part of its message's story. */
export interface Delivery {
  readonly seq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
  readonly state: DeliveryState;
  readonly reason: FailureReason | null;
  readonly dueAt: number;
  /** Attempts made, over all rounds. */
  readonly attemptsTotal: number;
}

/** The lanes that this process may serve. */
export interface Claim {
  /**
   * From this instant on another process may serve the lanes: no attempt may start, but those under way are settled as
   * usual. Infinity when no other process can take them.
   */
  readonly validUntil: number;
  owns(endpointSeq: Seq): boolean;
}
