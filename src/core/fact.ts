import type { ShortResource } from "../ports.ts";
import type { Seq } from "./id.ts";
import type { NoticeChannelName } from "./notice.ts";
import type { FailureReason } from "./outcome.ts";
import type { QuotaName } from "./quota.ts";
import type { SourceFact } from "./source-fact.ts";

/** An attempt, as the logs name it. */
export interface AttemptNames {
  readonly messageSeq: Seq;
  readonly deliverySeq: Seq;
  readonly attemptSeq: Seq;
  /** The trace of the attempt. Absent if it belongs to none. */
  readonly traceId?: string;
}

/**
 * An event in the program, published after the commit that made it true. Facts feed logs, metrics,
 * the live view and operational webhooks. Nothing may depend on a fact being received or on the
 * order of the listeners; a change that must be received is a `Signal`.
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
  | {
      readonly type: "attempt.started";
      readonly deliverySeq: Seq;
      readonly endpointSeq: Seq;
      /** The batch that is sent; null if the message is sent alone. */
      readonly batchSeq: Seq | null;
    }
  | {
      readonly type: "attempt.finished";
      readonly deliverySeq: Seq;
      readonly messageSeq: Seq;
      readonly endpointSeq: Seq;
      readonly applicationSeq: Seq;
      readonly environmentSeq: Seq;
      readonly attemptSeq: Seq;
      /** The trace of the attempt. Absent if it belongs to none. */
      readonly traceId?: string;
      /** Number of failed attempts in this round before this attempt. */
      readonly failedBefore: number;
      /** The reason of the failure, or null if the attempt succeeded. */
      readonly reason: FailureReason | null;
      readonly responseStatus: number;
      readonly durationMs: number;
      /**
       * The delivery's next state. `unchanged` if the delivery was resent, cancelled or buried
       * during the attempt. `cancelled` if the transformation of the endpoint cancelled it.
       */
      readonly next: "delivered" | "pending" | "dead" | "cancelled" | "unchanged";
      /** The delivery's state before the settlement. `dead` if it was buried during the attempt. */
      readonly was: "pending" | "dead";
      /** The reason why the delivery is dead. Null unless `next` is `dead`. */
      readonly deadReason: FailureReason | null;
      /** Time since the message was accepted, in ms. Valid only if `next` is `delivered`. */
      readonly sinceAcceptedMs: number;
    }
  /** An endpoint began to fail: its first attempt failed, or an attempt failed after a success. */
  | {
      readonly type: "endpoint.failing";
      readonly endpointSeq: Seq;
      readonly applicationSeq: Seq;
      /** The URL, with its password masked. */
      readonly url: string;
      readonly reason: FailureReason;
      /** Status of the response, or 0 if there was none. */
      readonly status: number;
      /** The attempt that failed. */
      readonly attempt?: AttemptNames;
    }
  /** An endpoint recovered: an attempt succeeded after failures. */
  | {
      readonly type: "endpoint.recovered";
      readonly endpointSeq: Seq;
      readonly applicationSeq: Seq;
      readonly url: string;
      /** Time from the end of the first failure to the end of this attempt, in ms. */
      readonly failedForMs: number;
      /** The attempt that succeeded. */
      readonly attempt?: AttemptNames;
    }
  /**
   * An attempt was started but sent nothing, because this machine lacks a resource. The attempt is
   * not counted, and the delivery is tried again soon.
   */
  | {
      readonly type: "delivery.postponed";
      readonly deliverySeq: Seq;
      readonly endpointSeq: Seq;
      readonly resource: ShortResource;
    }
  /** Deliveries are being postponed because of a shortage of this resource. */
  | { readonly type: "shortage.began"; readonly resource: ShortResource; readonly detail: string }
  /** A shortage has ended: no delivery has been postponed because of it for some time. */
  | {
      readonly type: "shortage.ended";
      readonly resource: ShortResource;
      readonly since: number;
      readonly postponed: number;
    }
  /** Deliveries became dead or were cancelled without an attempt. */
  | {
      readonly type: "deliveries.buried";
      readonly environmentSeq: Seq;
      readonly state: "dead" | "cancelled";
      readonly count: number;
    }
  /** A request cancelled pending deliveries. */
  | {
      readonly type: "deliveries.cancelled";
      readonly environmentSeq: Seq;
      readonly count: number;
      /** The message whose deliveries were cancelled. Null for those of a whole endpoint. */
      readonly messageSeq: Seq | null;
      readonly endpoints: readonly Seq[];
    }
  | { readonly type: "deliveries.redriven"; readonly environmentSeq: Seq; readonly count: number }
  | { readonly type: "deadletters.dropped"; readonly environmentSeq: Seq; readonly count: number }
  | {
      readonly type: "delivery.resent";
      readonly environmentSeq: Seq;
      readonly messageSeq: Seq;
      readonly endpointSeq: Seq;
      readonly deliverySeq: Seq;
      readonly was: DeliveryWas;
    }
  /** Several deliveries of one endpoint were made pending in one commit. */
  | {
      readonly type: "deliveries.resent";
      readonly environmentSeq: Seq;
      readonly endpointSeq: Seq;
      readonly was: Readonly<Record<DeliveryWas, number>>;
    }
  /** A request deleted payloads and cancelled the pending deliveries of their messages. */
  | {
      readonly type: "messages.expunged";
      readonly environmentSeq: Seq;
      readonly messages: number;
      readonly cancelled: number;
      /** The endpoints of the cancelled deliveries. */
      readonly endpoints: readonly Seq[];
    }
  /** An application has moved here from another server, with deliveries that wait and dead letters. */
  | {
      readonly type: "application.arrived";
      readonly environmentSeq: Seq;
      readonly applicationSeq: Seq;
      readonly pending: number;
      readonly dead: number;
    }
  /** A background task has ended. */
  | {
      readonly type: "task.ended";
      readonly environmentSeq: Seq;
      readonly taskSeq: Seq;
      readonly kind: string;
      readonly status: "finished" | "failed";
      /** The reason why the task failed, as text for users. Null if the task finished. */
      readonly error: string | null;
    }
  | {
      /**
       * If a change enables an endpoint, `endpoint.enabled` follows the `endpoint.updated` of that
       * change.
       */
      readonly type: "endpoint.created" | "endpoint.updated" | "endpoint.deleted" | "endpoint.enabled";
      readonly endpointSeq: Seq;
      readonly applicationSeq: Seq;
    }
  /** An endpoint is verified, because its receiver took the challenge or a request says so. */
  | {
      readonly type: "endpoint.verified";
      readonly endpointSeq: Seq;
      readonly applicationSeq: Seq;
      readonly isChallenged: boolean;
    }
  /** A try of an endpoint's ownership challenge failed. */
  | {
      readonly type: "endpoint.unverified";
      readonly endpointSeq: Seq;
      readonly applicationSeq: Seq;
      readonly reason: string;
      readonly detail: string;
      /** Number of failed tries. */
      readonly tries: number;
    }
  /** The URL of an endpoint that was just created or changed has a problem. */
  | {
      readonly type: "endpoint.warned";
      readonly endpointSeq: Seq;
      readonly applicationSeq: Seq;
      readonly code: "blocked" | "dns" | "private";
      readonly detail: string;
    }
  | {
      readonly type: "endpoint.disabled";
      readonly endpointSeq: Seq;
      readonly applicationSeq: Seq;
      /**
       * `manual` means that a request disabled the endpoint. The fact then follows
       * `endpoint.updated`.
       */
      readonly cause: "gone" | "failing" | "manual";
      readonly failingSince: number | null;
      /** The attempt after which the endpoint was disabled. Absent if the cause is `manual`. */
      readonly attempt?: AttemptNames;
    }
  /** An environment's oldest due delivery has been waiting for longer than `backlog-threshold`. */
  | {
      readonly type: "backlog.growing";
      readonly environmentSeq: Seq;
      readonly applicationSeq: Seq;
      readonly endpointSeq: Seq;
      readonly oldestDueAt: number;
      readonly thresholdMs: number;
    }
  /**
   * None of the environment's due deliveries has been waiting for longer than half of
   * `backlog-threshold`.
   */
  | {
      readonly type: "backlog.recovered";
      readonly environmentSeq: Seq;
      readonly growingSince: number;
      readonly thresholdMs: number;
    }
  /** Operational webhooks were dropped because too many were waiting to be stored. */
  | { readonly type: "operational.dropped"; readonly count: number }
  | { readonly type: "commit.finished"; readonly writes: number; readonly durationMs: number }
  | { readonly type: "commit.failed"; readonly writes: number; readonly full: boolean; readonly message: string }
  /**
   * The store can no longer be written or read. Published once per failure, and at most once a
   * minute for the same error. `damaged` means that the stored data itself is damaged.
   */
  | {
      readonly type: "store.failing";
      readonly what: "commit" | "read";
      readonly full: boolean;
      readonly damaged: boolean;
      readonly message: string;
    }
  /** The store works again. `damaged` means that damage has been found since the start. */
  | { readonly type: "store.recovered"; readonly damaged: boolean }
  /** All deliveries were held or resumed. */
  | { readonly type: "delivery.held"; readonly isHeld: boolean }
  /** The deliveries of an environment were paused or resumed. */
  | {
      readonly type: "environment.paused";
      readonly environmentSeq: Seq;
      readonly name: string;
      readonly isPaused: boolean;
    }
  /**
   * The clock is more than a day ahead of the newest stored time. Until the clock is trusted,
   * nothing is deleted or disabled because of its age.
   */
  | { readonly type: "clock.doubted"; readonly aheadMs: number }
  | { readonly type: "clock.trusted" }
  /**
   * A request was not carried out, because its body differs from that of the first request with the
   * same idempotency key. `request` is the namespace of the key: caller, method and path.
   */
  | {
      readonly type: "idempotency.mismatched";
      readonly request: string;
      readonly key: string;
      /** True if the response was a 422, false if it was the first response again. */
      readonly isRejected: boolean;
    }
  /** A scheduled backup is complete. */
  | { readonly type: "backup.finished"; readonly file: string; readonly durationMs: number }
  /** A scheduled backup has failed. It is tried again. */
  | { readonly type: "backup.failed"; readonly reason: string }
  /** The replica has not been written for some seconds. It is tried again. */
  | { readonly type: "replica.failed"; readonly location: string; readonly reason: string }
  | { readonly type: "replica.recovered"; readonly location: string }
  /** The replica has a complete copy of the database. */
  | {
      readonly type: "replica.copied";
      readonly location: string;
      readonly bytes: number;
      readonly durationMs: number;
    }
  /** The data does not continue the records of the replica, which begins a new generation. */
  | { readonly type: "replica.restarted"; readonly location: string }
  /** A channel took a notice about `count` endpoints and backlogs, or a test notice. */
  | {
      readonly type: "notice.sent";
      readonly channel: NoticeChannelName;
      readonly count: number;
      readonly isTest: boolean;
      /** Recipients that the mail server refused while it took others. */
      readonly refused: readonly string[];
    }
  /** A channel did not take a notice. Unless it was a test, the notice is sent again later. */
  | {
      readonly type: "notice.failed";
      readonly channel: NoticeChannelName;
      readonly isTest: boolean;
      /** One sentence without secrets. */
      readonly reason: string;
    }
  | { readonly type: "spans.exported" | "spans.dropped"; readonly count: number }
  /** Traces cannot be exported. Published once until an export succeeds. */
  | { readonly type: "traces.failing"; readonly reason: string }
  | { readonly type: "traces.recovered" }
  /** A bug in the program was detected at `where`. The affected work will be retried. */
  | { readonly type: "defect.found"; readonly where: string; readonly error: unknown }
  /** A request would have exceeded a quota of an application and was refused. */
  | {
      readonly type: "quota.exceeded";
      readonly applicationSeq: Seq;
      readonly environmentSeq: Seq;
      readonly quota: QuotaName;
      readonly limit: number;
      readonly at: number;
    }
  | SourceFact
  | {
      readonly type: "inbox.received";
      readonly token: string;
      readonly bytes: number;
      readonly messageId: string | null;
    };

export type DeliveryWas = "none" | "pending" | "delivered" | "dead" | "cancelled";

export type FactType = Fact["type"];
export type FactOf<T extends FactType> = Extract<Fact, { readonly type: T }>;
