import type { Seq } from "./id.ts";
import type { FailureReason } from "./outcome.ts";

/**
 * Something that has happened, stated after the commit that made it true. Facts feed logs, metrics, the live view and
 * operational webhooks. Nothing depends on a fact being heard, nor on the order of the listeners; what must be heard is a
 * `Signal`.
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

export type FactType = Fact["type"];
export type FactOf<T extends FactType> = Extract<Fact, { readonly type: T }>;
export type FactListener = (fact: Fact) => void;

/** Hands each fact to those who asked for its type. A listener that throws harms nobody else. */
export class Facts {
  readonly #listeners = new Map<FactType, FactListener[]>();
  /** Those who listen to everything. */
  readonly #all: FactListener[] = [];

  on<T extends FactType>(types: readonly T[], listener: (fact: FactOf<T>) => void): void {
    for (const type of types) {
      const list = this.#listeners.get(type) ?? [];
      list.push(listener as FactListener);
      this.#listeners.set(type, list);
    }
  }

  /** Hears every fact. */
  subscribe(listener: FactListener): void {
    this.#all.push(listener);
  }

  /** Whether anybody listens: a fact that is stated for every attempt need not be made for nobody. */
  wants(type: FactType): boolean {
    return this.#all.length > 0 || this.#listeners.has(type);
  }

  state(fact: Fact): void {
    const listeners = this.#listeners.get(fact.type);
    if (listeners !== undefined) for (const listener of listeners) this.#tell(listener, fact);
    for (const listener of this.#all) this.#tell(listener, fact);
  }

  #tell(listener: FactListener, fact: Fact): void {
    try {
      listener(fact);
    } catch (error) {
      // A listener that cannot even hear of a defect is left alone.
      if (fact.type !== "defect.found") this.state({ type: "defect.found", where: `listener of ${fact.type}`, error });
    }
  }
}
