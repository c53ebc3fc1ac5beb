/**
 * Operational webhooks: what an environment tells its operator about its own endpoints and deliveries. Here is which fact
 * becomes which event; names and numbers are those of the Svix API, `boathook.…` are our own.
 */
import type { Fact } from "./fact.ts";

/** The events that are sent. */
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

/** Events of the hosted Svix that an endpoint may ask for all the same: nothing here causes them. */
export const foreignOperationalEventTypes = [
  "background_task.finished",
  "ingest.endpoint.disabled",
  "ingest.message.attempt.exhausted",
  "ingest.message.attempt.failing",
  "ingest.message.attempt.recovered",
  "message.attempt.log",
] as const;

/** Facts that an operational webhook can tell of. */
export type TellableFact = Extract<
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

/** The failed attempt of a delivery that is told of, counted from one. */
export const failingAttempt = 4;

const nothing: readonly OperationalEventType[] = [];

/** What is to be told of an attempt: mostly nothing. It runs for every attempt. */
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
  // Deliveries that end because their endpoint is switched off are told of by `endpoint.disabled` alone.
  const exhausted = deadReason !== null && deadReason !== "gone" && deadReason !== "disabled";
  const failing = failedBefore + 1 === failingAttempt;
  if (!exhausted) return failing ? ["message.attempt.failing"] : nothing;
  return failing ? ["message.attempt.failing", "message.attempt.exhausted"] : ["message.attempt.exhausted"];
}

/** What is to be told of a fact, null when nobody can be told. */
export function tellable(
  fact: Fact,
): { readonly fact: TellableFact; readonly types: readonly OperationalEventType[] } | null {
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
