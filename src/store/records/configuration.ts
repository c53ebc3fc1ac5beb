import type { Seq } from "../../core/id.ts";
import type { Application } from "../../core/resources/application.ts";
import type { Endpoint } from "../../core/resources/endpoint.ts";
import type { EventType } from "../../core/resources/event-type.ts";

export type { Application } from "../../core/resources/application.ts";
export type { Endpoint } from "../../core/resources/endpoint.ts";
export type { Environment } from "../../core/resources/environment.ts";
export type { EventType } from "../../core/resources/event-type.ts";

/** What was still there. */
export interface DeletedWithEnvironment {
  /** Hidden ones as well. */
  readonly applications: readonly Seq[];
  readonly endpoints: ReadonlyArray<Pick<Endpoint, "seq" | "applicationSeq">>;
}

/** `taken`: the uid belongs to another application. `gone`: there is no such application. Then nothing was stored. */
export type ApplicationUpdate = { readonly before: Application; readonly after: Application } | "taken" | "gone";

/** What becomes of messages that do not fit the schema of their type: nothing, a warning on them, a refusal. */
export type Validation = EventType["validation"];

/** Leaves applications out of a list. */
export interface ApplicationExclusion {
  readonly withoutEndpoints: boolean;
  /** Those that have endpoints, all of them disabled. */
  readonly allDisabled: boolean;
  /** Those that have endpoints, all of them at this address or below it. */
  readonly allAt: string | null;
}

/** `gone`: the event type does not exist; nothing was stored. */
export type EventTypeUpdate = { readonly before: EventType; readonly after: EventType } | "gone";

export type Ordering = Endpoint["ordering"];

/** `taken`: the uid is another's. `gone`: there is no such endpoint (any more). Then nothing was stored. */
export type EndpointUpdate = { readonly before: Endpoint; readonly after: Endpoint } | "taken" | "gone";

/** An endpoint with where it belongs and whether it is still there. */
export interface KnownEndpoint extends Endpoint {
  readonly environmentSeq: Seq;
  /** Attempts per second of its application, over all endpoints; null = unlimited. */
  readonly applicationThrottleRate: number | null;
  /** It or its application has been deleted. */
  readonly deleted: boolean;
}

/** One signing key of an endpoint, `whsec_…` or `whsk_…`. */
export interface EndpointSecret {
  readonly secret: string;
  /** Null for the current key; an older one signs as well until then. */
  readonly expiresAt: number | null;
}
