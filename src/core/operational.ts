/**
 * Operational webhooks notify the operator of an environment about its endpoints and deliveries.
 * This file maps facts to events. The names and thresholds of events are those of the Svix API;
 * `boathook.…` events are our own.
 */
import type { Fact } from "./fact.ts";

/** The event types that Boathook sends. */
export const operationalEventTypes = [
  "endpoint.created",
  "endpoint.updated",
  "endpoint.deleted",
  "endpoint.disabled",
  "endpoint.enabled",
  "message.attempt.failing",
  "message.attempt.exhausted",
  "message.attempt.recovered",
  "boathook.backlog.growing",
  "boathook.backlog.recovered",
] as const;

export type OperationalEventType = (typeof operationalEventTypes)[number];

/**
 * Event types that only the hosted Svix sends. An endpoint may subscribe to them, but no such
 * events are sent.
 */
export const foreignOperationalEventTypes = [
  "background_task.finished",
  "ingest.endpoint.disabled",
  "ingest.message.attempt.exhausted",
  "ingest.message.attempt.failing",
  "ingest.message.attempt.recovered",
  "message.attempt.log",
] as const;

/** The facts that operational webhooks report. */
export type ReportedFact = Extract<
  Fact,
  {
    readonly type:
      | "attempt.finished"
      | "endpoint.created"
      | "endpoint.updated"
      | "endpoint.deleted"
      | "endpoint.disabled"
      | "endpoint.enabled"
      | "backlog.growing"
      | "backlog.recovered";
  }
>;

/** Number of the failed attempt that causes `message.attempt.failing`, starting at 1. */
export const failingAttempt = 4;

const nothing: readonly OperationalEventType[] = [];

/** Returns the events for a finished attempt; most attempts have none. Runs for every attempt. */
export function eventsOfAttempt({
  reason,
  next,
  failedBefore,
  deadReason,
}: Pick<
  Extract<Fact, { readonly type: "attempt.finished" }>,
  "reason" | "next" | "failedBefore" | "deadReason"
>): readonly OperationalEventType[] {
  if (reason === null) {
    return failedBefore >= failingAttempt && next === "delivered" ? ["message.attempt.recovered"] : nothing;
  }
  if (next === "unchanged") return nothing;
  // If the endpoint is disabled, only `endpoint.disabled` reports the end of its deliveries.
  const exhausted = deadReason !== null && deadReason !== "gone" && deadReason !== "disabled";
  const failing = failedBefore + 1 === failingAttempt;
  if (!exhausted) return failing ? ["message.attempt.failing"] : nothing;
  return failing ? ["message.attempt.failing", "message.attempt.exhausted"] : ["message.attempt.exhausted"];
}

/** The facts that may cause operational webhooks. */
export const REPORTED = [
  "attempt.finished",
  "endpoint.created",
  "endpoint.updated",
  "endpoint.deleted",
  "endpoint.disabled",
  "endpoint.enabled",
  "backlog.growing",
  "backlog.recovered",
] as const satisfies readonly Fact["type"][];

/** Returns the fact with the types of the events that report it, or null if there are none. */
export function reportOf(
  fact: Fact,
): { readonly fact: ReportedFact; readonly types: readonly OperationalEventType[] } | null {
  switch (fact.type) {
    case "attempt.finished": {
      const types = eventsOfAttempt(fact);
      return types.length === 0 ? null : { fact, types };
    }
    case "endpoint.created":
    case "endpoint.updated":
    case "endpoint.deleted":
    case "endpoint.disabled":
    case "endpoint.enabled":
      return { fact, types: [fact.type] };
    case "backlog.growing":
    case "backlog.recovered":
      return { fact, types: [`boathook.${fact.type}`] };
    default:
      return null;
  }
}
