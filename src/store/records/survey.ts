import type { Seq } from "../../core/id.ts";
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
  /** A part of the URL, in any case. Passwords in URLs are not searched. */
  readonly url?: string;
}

/** The data that identifies an application to people. */
export type ApplicationName = Pick<Application, "seq" | "name" | "uid" | "sourceSeq">;

/** An endpoint in a list of an environment, without secrets. The password in `url` is masked. */
export interface EnvironmentEndpoint extends Omit<Endpoint, "headers" | "transformation"> {
  readonly application: ApplicationName;
  readonly state: EndpointState;
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
