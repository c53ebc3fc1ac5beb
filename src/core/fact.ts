import type { Seq } from "./id.ts";
import type { FailureReason } from "./outcome.ts";

/**
 * What happened, stated once where it happened. Logs, metrics, the live view and caches subscribe; nobody who states
 * a fact knows who listens. A fact is stated after the commit that made it true.
 */
export type Fact =
  | {
      readonly type: "message.accepted";
      readonly messageSeq: Seq;
      readonly applicationSeq: Seq;
      readonly environmentSeq: Seq;
      readonly eventType: string;
      readonly deliveries: number;
    }
  | { readonly type: "attempt.started"; readonly deliverySeq: Seq; readonly endpointSeq: Seq }
  | {
      readonly type: "attempt.finished";
      readonly deliverySeq: Seq;
      readonly messageSeq: Seq;
      readonly endpointSeq: Seq;
      readonly applicationSeq: Seq;
      readonly environmentSeq: Seq;
      readonly attemptSeq: Seq;
      /** Failed attempts of this round before this one. */
      readonly failedBefore: number;
      /** Null is success. */
      readonly reason: FailureReason | null;
      readonly responseStatus: number;
      readonly durationMs: number;
      /** What became of the delivery; `unchanged` when it had been resent, cancelled or buried meanwhile. */
      readonly next: "delivered" | "pending" | "dead" | "unchanged";
      /** `dead`: it had been buried while the request was on its way. */
      readonly was: "pending" | "dead";
      /** What the dead letter died of; null unless `next` is `dead`. */
      readonly deadReason: FailureReason | null;
      /** From the acceptance of the message to now; only meaningful when `next` is `delivered`. */
      readonly sinceAcceptedMs: number;
    }
  /** Deliveries that became dead or were cancelled without an attempt. */
  | {
      readonly type: "deliveries.buried";
      readonly environmentSeq: Seq;
      readonly state: "dead" | "cancelled";
      readonly count: number;
    }
  | { readonly type: "deliveries.redriven"; readonly environmentSeq: Seq; readonly count: number }
  | { readonly type: "deadletters.dropped"; readonly environmentSeq: Seq; readonly count: number }
  | {
      readonly type: "delivery.resent";
      readonly environmentSeq: Seq;
      readonly endpointSeq: Seq;
      readonly deliverySeq: Seq;
      readonly was: DeliveryWas;
    }
  /** Many of one endpoint were made pending (again) in one commit. */
  | {
      readonly type: "deliveries.resent";
      readonly environmentSeq: Seq;
      readonly endpointSeq: Seq;
      readonly was: Readonly<Record<DeliveryWas, number>>;
    }
  /** Payloads were deleted by hand, and what still waited of their messages was cancelled. */
  | {
      readonly type: "messages.expunged";
      readonly environmentSeq: Seq;
      readonly messages: number;
      readonly cancelled: number;
      /** Whose deliveries were cancelled. */
      readonly endpoints: readonly Seq[];
    }
  /** A background task has come to its end. */
  | {
      readonly type: "task.ended";
      readonly environmentSeq: Seq;
      readonly taskSeq: Seq;
      readonly kind: string;
      readonly status: "finished" | "failed";
      /** Why it failed, for people. */
      readonly error: string | null;
    }
  /** Tokens were ended, given an earlier end, or may do something else from now on. */
  | { readonly type: "tokens.ended"; readonly environmentSeq: Seq }
  /** An environment was renamed or deleted. */
  | { readonly type: "environment.changed"; readonly environmentSeq: Seq }
  /** Made, changed, archived or deleted. */
  | { readonly type: "eventtype.changed"; readonly environmentSeq: Seq; readonly name: string }
  | { readonly type: "application.changed"; readonly applicationSeq: Seq; readonly environmentSeq: Seq }
  /** Its `throttleRate` has become another one. Comes after the `application.changed` of that change. */
  | { readonly type: "application.throttled"; readonly applicationSeq: Seq }
  | {
      /** `endpoint.enabled` comes after the `endpoint.updated` of the change that switched it on again. */
      readonly type: "endpoint.created" | "endpoint.updated" | "endpoint.deleted" | "endpoint.enabled";
      readonly endpointSeq: Seq;
      readonly applicationSeq: Seq;
    }
  | {
      readonly type: "endpoint.disabled";
      readonly endpointSeq: Seq;
      readonly applicationSeq: Seq;
      /** `manual`: by a change of the endpoint, and after its `endpoint.updated`. */
      readonly cause: "gone" | "failing" | "manual";
      readonly failingSince: number | null;
    }
  /** The oldest due delivery of an environment has been waiting for longer than `backlog-threshold`. */
  | {
      readonly type: "backlog.growing";
      readonly environmentSeq: Seq;
      readonly applicationSeq: Seq;
      readonly endpointSeq: Seq;
      readonly oldestDueAt: number;
      readonly thresholdMs: number;
    }
  /** Nothing due has been waiting for longer than half of it. */
  | {
      readonly type: "backlog.recovered";
      readonly environmentSeq: Seq;
      readonly growingSince: number;
      readonly thresholdMs: number;
    }
  /** Too many operational webhooks waited to be stored. */
  | { readonly type: "operational.dropped"; readonly count: number }
  | { readonly type: "commit.finished"; readonly writes: number; readonly durationMs: number }
  | { readonly type: "commit.failed"; readonly writes: number; readonly full: boolean; readonly message: string }
  /** A mistake in the program, where it was noticed. What it touched is tried again later. */
  | { readonly type: "defect.found"; readonly where: string; readonly error: unknown }
  | {
      readonly type: "inbox.received";
      readonly token: string;
      readonly bytes: number;
      readonly messageId: string | null;
    };

export type DeliveryWas = "none" | "pending" | "delivered" | "dead" | "cancelled";

export type FactListener = (fact: Fact) => void;

/** Hands every fact to every listener, at once and in order. */
export class Facts {
  readonly #listeners: FactListener[] = [];

  subscribe(listener: FactListener): () => void {
    this.#listeners.push(listener);
    return () => {
      const at = this.#listeners.indexOf(listener);
      if (at >= 0) this.#listeners.splice(at, 1);
    };
  }

  state(fact: Fact): void {
    for (const listener of this.#listeners) listener(fact);
  }
}
