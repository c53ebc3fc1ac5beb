import type { Application, Endpoint, EventType, Source } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

type Parts = Pick<CommandContext, "facts" | "signals">;
type SignalsOnly = Pick<CommandContext, "signals">;

type Announced = Pick<Application, "seq" | "environmentSeq" | "throttleRate">;

/**
 * Announces that an application was created, changed or deleted. If it was changed, `before` is the
 * application before the change.
 */
export function applicationChanged({ signals }: SignalsOnly, application: Announced, before?: Announced): void {
  const { seq: applicationSeq, environmentSeq, throttleRate } = application;
  signals.send({ type: "application.changed", applicationSeq, environmentSeq });
  if (before !== undefined && before.throttleRate !== throttleRate) {
    signals.send({ type: "application.throttled", applicationSeq });
  }
}

/** Announces that a source was created, changed or deleted, or that its tokens changed. */
export function sourceChanged(
  { signals }: SignalsOnly,
  { seq: sourceSeq, environmentSeq }: Pick<Source, "seq" | "environmentSeq">,
): void {
  signals.send({ type: "source.changed", sourceSeq, environmentSeq });
}

export function eventTypeChanged(
  { signals }: SignalsOnly,
  { environmentSeq, name }: Pick<EventType, "environmentSeq" | "name">,
): void {
  signals.send({ type: "eventtype.changed", environmentSeq, name });
}

type NamedEndpoint = Pick<Endpoint, "seq" | "applicationSeq">;

export function endpointCreated(parts: Parts, endpoint: NamedEndpoint): void {
  announceEndpoint(parts, "endpoint.created", endpoint);
}

export function endpointDeleted(parts: Parts, endpoint: NamedEndpoint): void {
  announceEndpoint(parts, "endpoint.deleted", endpoint);
}

/** Announces a change of an endpoint, and whether the change enabled or disabled it. */
export function endpointUpdated(parts: Parts, before: Endpoint, after: Endpoint): void {
  announceEndpoint(parts, "endpoint.updated", after);
  if (before.disabled === after.disabled) return;
  const where = { endpointSeq: after.seq, applicationSeq: after.applicationSeq };
  if (!after.disabled) parts.facts.state({ type: "endpoint.enabled", ...where });
  else parts.facts.state({ type: "endpoint.disabled", ...where, cause: "manual", failingSince: after.failingSince });
}

function announceEndpoint(
  { signals, facts }: Parts,
  type: "endpoint.created" | "endpoint.updated" | "endpoint.deleted",
  { seq: endpointSeq, applicationSeq }: NamedEndpoint,
): void {
  signals.send({ type: "endpoint.changed", endpointSeq, applicationSeq });
  facts.state({ type, endpointSeq, applicationSeq });
}
