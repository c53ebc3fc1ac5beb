import type { Seq } from "../../core/id.ts";
import type { FailureReason } from "../../core/outcome.ts";
import type { Cause } from "../../core/received.ts";
import type { Application } from "../../core/resources/application.ts";
import type { Endpoint } from "../../core/resources/endpoint.ts";
import type { LatestMessage, MessageFilter } from "./message.ts";

/**
 * The condition of an endpoint. The first that holds counts: `disabled`, `paused`, `failing` (the
 * latest attempt failed), `healthy`.
 */
export const endpointStates = ["healthy", "failing", "disabled", "paused"] as const;
export type EndpointState = (typeof endpointStates)[number];

export interface EnvironmentEndpointFilter {
  readonly applicationSeq?: Seq;
  readonly states?: readonly EndpointState[];
  /** Values of `EnvironmentEndpoint.failureReason`. */
  readonly failureReasons?: readonly FailureReason[];
  readonly disabledCauses?: readonly DisabledCause[];
  /** The payload version to which the endpoints are pinned. */
  readonly apiVersion?: string;
  /** A part of the URL, in any case. Passwords in URLs are not searched. */
  readonly url?: string;
  /** A part of the URL, the uid or the description; like `url`. */
  readonly text?: string;
  /** Endpoints of different applications may have the same uid. */
  readonly uid?: string;
}

/** A search by a part of a name, in any case. */
export interface NameSearch {
  readonly text: string;
  /** Maximum number of records of each kind. */
  readonly limit: number;
  /** Time at which tokens must not have expired. */
  readonly validAt: number;
}

/** Results of a search by name in an environment. */
export interface NamedRecords {
  readonly eventTypes: readonly { readonly name: string }[];
  readonly sources: readonly { readonly seq: Seq; readonly name: string; readonly uid: string | null }[];
  /** Tokens for the whole environment that are neither expired nor revoked. */
  readonly tokens: readonly { readonly seq: Seq; readonly name: string }[];
}

/** The data that identifies an application to people. */
export type ApplicationName = Pick<Application, "seq" | "name" | "uid" | "sourceSeq">;

/** The data that identifies an endpoint to people. The password in `url` is masked. */
export interface EndpointName extends Pick<Endpoint, "seq" | "uid" | "url" | "description"> {
  /** Whether the endpoint or its application was deleted. */
  readonly isDeleted: boolean;
}

/** An endpoint in a list of an environment, without secrets. The password in `url` is masked. */
export interface EnvironmentEndpoint extends Omit<Endpoint, "headers" | "transformation"> {
  readonly application: ApplicationName;
  readonly state: EndpointState;
  /** Why the latest attempt failed; null if it succeeded or is no longer stored. */
  readonly failureReason: FailureReason | null;
}

/** Maximum of `ApplicationCounts.dead`. Counting stops there. */
export const deadCountMax = 1000;

export interface ApplicationCounts {
  readonly endpoints: number;
  /** Number of endpoints in the state `failing`. */
  readonly failing: number;
  /** Number of dead letters, at most `deadCountMax`. Includes those of deleted endpoints. */
  readonly dead: number;
  /** Time of the newest message that is still stored, or null if there is none. */
  readonly lastMessageAt: number | null;
}

/** Maximum of each count of messages and deliveries in `ApplicationDetail`. Counting stops there. */
export const detailCountMax = 100_000;

export interface DeadReasonCount {
  readonly reason: FailureReason;
  readonly count: number;
}

/** What an application has, and what deleting it affects. */
export interface ApplicationDetail {
  /** Number of endpoints in each state. */
  readonly endpoints: Readonly<Record<EndpointState, number>>;
  /** Number of pending deliveries. */
  readonly pending: number;
  /** Number of dead letters. Includes those of deleted endpoints. */
  readonly dead: number;
  /** The dead letters of `dead` by reason, the most frequent first. */
  readonly deadReasons: readonly DeadReasonCount[];
  /** Number of stored messages. */
  readonly messages: number;
  /** Time of the newest message that is still stored, or null if there is none. */
  readonly lastMessageAt: number | null;
}

/** Maximum of the count in `EndpointDetail`. Counting stops there. */
export const endpointPendingMax = 10_000;

/** What waits for an endpoint. */
export interface EndpointDetail {
  readonly state: EndpointState;
  /** See `EnvironmentEndpoint.failureReason`. */
  readonly failureReason: FailureReason | null;
  /** Number of pending deliveries, at most `endpointPendingMax`. */
  readonly pending: number;
}

/**
 * The state of a message's deliveries. `pending`: at least one is pending. `dead`: at least one is
 * dead. `delivered`: at least one is delivered, and none is pending or dead.
 */
export const messageStates = ["pending", "delivered", "dead"] as const;
export type MessageState = (typeof messageStates)[number];

export interface EnvironmentMessageFilter extends MessageFilter {
  readonly applicationSeq?: Seq;
  readonly state?: MessageState;
  readonly eventId?: string;
  /** Bytes that the payload contains. */
  readonly text?: Uint8Array;
}

/** A message in a list of an environment. `payload` is null. */
export interface EnvironmentMessage extends LatestMessage {
  readonly application: ApplicationName;
}

export type DisabledCause = NonNullable<Endpoint["disabledCause"]>;

/** Maximum of `AttentionEndpoint.pending`. Counting stops there. */
export const attentionPendingMax = 1000;

/** An endpoint that is failing, disabled, or paused while deliveries wait. The password in `url` is masked. */
export interface AttentionEndpoint {
  readonly seq: Seq;
  readonly url: string;
  readonly application: ApplicationName;
  readonly state: Exclude<EndpointState, "healthy">;
  /** Time since which the endpoint is failing or disabled, or null if it is not known. Null for paused endpoints. */
  readonly since: number | null;
  readonly cause: DisabledCause | null;
  /** The reason why the latest failed attempt failed. Null unless the endpoint is failing. */
  readonly reason: FailureReason | null;
  /** Number of deliveries that wait for a paused endpoint, at most `attentionPendingMax`; null for others. */
  readonly pending: number | null;
  /** Time since which the endpoint is not verified. Absent if it is verified or disabled. */
  readonly unverifiedSince?: number;
}

/** The certificates that deliveries to an endpoint use, as PEM. The password in `url` is masked. */
export interface EndpointCertificates {
  readonly seq: Seq;
  readonly url: string;
  readonly environmentSeq: Seq;
  readonly applicationSeq: Seq;
  readonly applicationName: string;
  /** The certificate with which the server authenticates, or null. */
  readonly client: string | null;
  /** The certificates that it trusts instead of the public roots. */
  readonly cas: readonly string[];
}

/** A source that has refused every request since the last one that it stored. */
export interface RefusingSource {
  readonly seq: Seq;
  readonly name: string;
  /** Why the latest request was refused. */
  readonly cause: Cause;
  /** Time of the first refused request after the last stored one, as far as it is logged. */
  readonly since: number;
  readonly latestAt: number;
}

/** Maximum of `DeadReason.count`. Counting stops there. */
export const deadReasonCountMax = 10_000;

export interface DeadReason {
  readonly reason: FailureReason;
  /** Number of dead letters of existing endpoints, at most `deadReasonCountMax`. */
  readonly count: number;
  readonly firstDeadAt: number;
}

export interface Attention {
  /** Number of endpoints in each state. */
  readonly counts: Readonly<Record<EndpointState, number>>;
  /** Number of paused endpoints for which deliveries wait, or that are not verified. */
  readonly pausedWaiting: number;
  /**
   * Endpoints that the server has disabled, then failing ones, then paused ones for which deliveries
   * wait, then those that a request has disabled. Each group is sorted by age, newest first.
   */
  readonly endpoints: readonly AttentionEndpoint[];
  /** The source that began to refuse last comes first. */
  readonly sources: readonly RefusingSource[];
  /** The most frequent reason first. */
  readonly dead: readonly DeadReason[];
}
