import type { Seq } from "../../core/id.ts";
import type { Application } from "../../core/resources/application.ts";
import type { Endpoint } from "../../core/resources/endpoint.ts";
import type { EventType } from "../../core/resources/event-type.ts";

export type { Application } from "../../core/resources/application.ts";
export type { Endpoint } from "../../core/resources/endpoint.ts";
export type { Environment } from "../../core/resources/environment.ts";
export type { EventType } from "../../core/resources/event-type.ts";
export type { PayloadVersion } from "../../core/resources/payload-version.ts";

/** The records that were deleted together with an environment. */
export interface DeletedWithEnvironment {
  /** Includes the hidden applications. */
  readonly applications: readonly Seq[];
  readonly sources: readonly Seq[];
  readonly endpoints: ReadonlyArray<Pick<Endpoint, "seq" | "applicationSeq">>;
}

/**
 * `taken`: another application has the uid. `gone`: the application does not exist. In both cases
 * nothing was stored.
 */
export type ApplicationUpdate = { readonly before: Application; readonly after: Application } | "taken" | "gone";

/**
 * How messages that do not match their event type's schema are treated: accepted, accepted with a
 * warning, or refused.
 */
export type Validation = EventType["validation"];

/** Applications that a list excludes. */
export interface ApplicationExclusion {
  readonly withoutEndpoints: boolean;
  /** Excludes applications that have endpoints, all of them disabled. */
  readonly allDisabled: boolean;
  /**
   * Excludes applications that have endpoints, all with a URL that starts with this prefix. Null
   * excludes none.
   */
  readonly allAt: string | null;
}

/** Applications that a search finds: any of these that match. */
export interface ApplicationSearch {
  /** A part of the name or uid, in any case. */
  readonly text: string;
  /** The number of an application, if the text is an id; otherwise null. */
  readonly seq: Seq | null;
}

/** `gone`: the event type does not exist; nothing was stored. */
export type EventTypeUpdate = { readonly before: EventType; readonly after: EventType } | "gone";

export type Ordering = Endpoint["ordering"];

/** Throws a `Problem` if an application may not have these filters, which are given as JSON. */
export type FilterCheck = (filters: readonly string[]) => void;

/**
 * `taken`: another endpoint has the uid. `gone`: the endpoint does not exist. In both cases nothing
 * was stored.
 */
export type EndpointUpdate =
  | { readonly before: Endpoint; readonly after: Endpoint }
  | "taken"
  | "gone"
  /** The payload version to which the endpoint would be pinned does not exist. Nothing is stored. */
  | "no version";

/** An endpoint with a next try of its challenge. */
export interface ChallengedEndpoint {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly nextAt: number;
}

/** An endpoint with its environment, and whether it was deleted. */
export interface KnownEndpoint extends Endpoint {
  readonly environmentSeq: Seq;
  /** Attempts per second over all endpoints of its application; null means unlimited. */
  readonly applicationThrottleRate: number | null;
  /** Whether the endpoint receives operational webhooks. */
  readonly isOperational: boolean;
  /** Whether the endpoint or its application was deleted. */
  readonly deleted: boolean;
}

/** The fields of an endpoint that decide which messages it receives. */
export interface ActiveEndpoint extends Pick<Endpoint, "seq" | "eventTypes" | "channels"> {
  /** The filter as JSON, or null. */
  readonly filter: string | null;
}

/** A signing key of an endpoint, `whsec_…` or `whsk_…`. */
export interface EndpointSecret {
  readonly secret: string;
  /** Null for the current secret. An older secret signs until this time. */
  readonly expiresAt: number | null;
}
