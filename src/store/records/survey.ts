import type { Seq } from "../../core/id.ts";
import type { Application } from "../../core/resources/application.ts";
import type { Endpoint } from "../../core/resources/endpoint.ts";

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
