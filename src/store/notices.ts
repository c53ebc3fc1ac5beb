import type { Seq } from "../core/id.ts";
import type { NoticeChannelName, NoticeKind } from "../core/notice.ts";
import type { FailureReason } from "../core/outcome.ts";
import type { DisabledCause } from "./records/index.ts";

/** The latest notice of a kind about an endpoint or an environment that a channel took. */
export interface SentNotice {
  readonly channel: NoticeChannelName;
  /** Number of the endpoint; of the environment if the notice is about its backlog. */
  readonly subjectSeq: Seq;
  readonly kind: NoticeKind;
  /** Start of the state that the notice reported. */
  readonly since: number;
  readonly sentAt: number;
  /** Whether the end of the reported state has not been reported yet. */
  readonly isOpen: boolean;
}

/** An endpoint or environment, and when its state began. */
export interface Troubled {
  readonly seq: Seq;
  readonly since: number;
}

/**
 * `healthy`: the latest attempt succeeded. `troubled`: the endpoint is failing, disabled or not
 * verified. `unknown`: it is none of these, but no attempt has succeeded since. `gone`: the endpoint or its application was deleted.
 */
export type EndpointHealth = "healthy" | "troubled" | "unknown" | "gone";

/** An endpoint, with the fields that notices mention. */
export interface NoticedEndpoint {
  readonly seq: Seq;
  /** The password is masked. */
  readonly url: string;
  readonly application: { readonly seq: Seq; readonly name: string; readonly uid: string | null };
  readonly environmentName: string;
  /** Whether it is an endpoint for operational webhooks. */
  readonly isOperational: boolean;
  readonly cause: DisabledCause | null;
  /** The reason of the latest failed attempt, or null if it is not known. */
  readonly reason: FailureReason | null;
}

/** The states that notices to people are about, and the notices that were sent, in all environments. */
export interface Notices {
  /**
   * Returns the endpoints that have been failing since `before` or earlier, without those that are
   * disabled or paused.
   */
  failing(before: number): Promise<readonly Troubled[]>;
  /** Returns the endpoints that the server disabled after `after` and that are still disabled. */
  disabled(after: number): Promise<readonly Troubled[]>;
  /** Returns the endpoints that have not been verified since `before` or earlier, without disabled ones. */
  unverified(before: number): Promise<readonly Troubled[]>;
  healthOf(endpointSeqs: readonly Seq[]): Promise<ReadonlyMap<Seq, EndpointHealth>>;
  /** Describes endpoints. Deleted ones are left out. */
  describe(endpointSeqs: readonly Seq[]): Promise<readonly NoticedEndpoint[]>;
  sent(): Promise<readonly SentNotice[]>;
  /**
   * Stores notices, each in place of the earlier one of its channel, subject and kind. Deletes
   * those whose state has ended and that were sent before `endedBefore`.
   */
  record(notices: readonly SentNotice[], endedBefore: number): Promise<void>;
  /** Deletes all notices about these subjects. */
  forget(subjectSeqs: readonly Seq[]): Promise<void>;
}
