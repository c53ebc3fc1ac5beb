import type { AttemptNames } from "../core/fact.ts";
import type { Facts } from "../core/facts.ts";
import type { IdCodec, Seq } from "../core/id.ts";
import { formatDuration } from "../core/unit.ts";
import { logChallenges } from "./challenge-log.ts";
import type { Log } from "./log.ts";
import { logExceededQuotas } from "./quota-log.ts";
import { logSources } from "./source-log.ts";
import { logStore } from "./store-log.ts";

const LOGGED = [
  "endpoint.failing",
  "endpoint.recovered",
  "endpoint.disabled",
  "deliveries.buried",
  "endpoint.warned",
  "shortage.began",
  "shortage.ended",
  "backlog.growing",
  "backlog.recovered",
  "operational.dropped",
  "task.ended",
  "delivery.held",
  "environment.paused",
  "clock.doubted",
  "clock.trusted",
  "idempotency.mismatched",
  "notice.sent",
  "notice.failed",
  "traces.failing",
  "traces.recovered",
  "defect.found",
  "inbox.received",
] as const;

/** The log message while deliveries are held. It is also logged at each start in that state. */
export const deliveryHeldText =
  "Deliveries are held: messages are accepted and stored, but nothing is sent. Resume them with POST /api/v1/delivery/resume or `boathook serve --deliver`.";

/**
 * Logs facts, each at a fixed level. Facts that occur thousands of times per second are not logged.
 */
export function logFacts(facts: Facts, log: Log, ids: IdCodec): void {
  logExceededQuotas(facts, log, ids);
  logChallenges(facts, log, ids);
  logSources(facts, log, ids);
  logStore(facts, log);
  facts.on(LOGGED, (fact) => {
    switch (fact.type) {
      case "endpoint.failing":
        log.warn(
          {
            event: fact.type,
            ...namesOf(fact, ids),
            url: withoutQuery(fact.url),
            reason: fact.reason,
            status: fact.status,
            ...attemptNames(fact.attempt, ids),
          },
          "Endpoint is failing.",
        );
        break;
      case "endpoint.recovered":
        log.info(
          {
            event: fact.type,
            ...namesOf(fact, ids),
            url: withoutQuery(fact.url),
            failedFor: formatDuration(wholeSeconds(fact.failedForMs)),
            ...attemptNames(fact.attempt, ids),
          },
          "Endpoint has recovered.",
        );
        break;
      case "endpoint.disabled":
        if (fact.cause === "manual") break;
        log.warn(
          {
            ...namesOf(fact, ids),
            cause: fact.cause,
            failingSince: fact.failingSince === null ? null : new Date(fact.failingSince).toISOString(),
            ...attemptNames(fact.attempt, ids),
          },
          fact.cause === "gone"
            ? "Endpoint disabled because it responded with 410 Gone."
            : "Endpoint disabled because every attempt has failed for the time set by endpoint-disable-after.",
        );
        break;
      case "deliveries.buried":
        log.info(
          { count: fact.count, state: fact.state },
          "Deliveries ended without an attempt because their endpoint or payload is no longer available.",
        );
        break;
      case "delivery.held":
        if (fact.isHeld) log.warn({ event: fact.type }, deliveryHeldText);
        else log.info({ event: "delivery.resumed" }, "Deliveries were resumed.");
        break;
      case "environment.paused":
        log.info(
          { event: fact.isPaused ? fact.type : "environment.resumed", environment: fact.name },
          fact.isPaused
            ? "The deliveries of an environment were paused."
            : "The deliveries of an environment were resumed.",
        );
        break;
      case "endpoint.warned":
        log.warn(
          {
            ...namesOf(fact, ids),
            code: fact.code,
          },
          `URL of an endpoint has a problem. ${fact.detail}`,
        );
        break;
      case "shortage.began":
        log.warn({ resource: fact.resource }, `Deliveries wait for a resource of this machine. ${fact.detail}`);
        break;
      case "shortage.ended":
        log.info(
          { resource: fact.resource, since: new Date(fact.since).toISOString(), postponed: fact.postponed },
          "Deliveries no longer wait for a resource of this machine.",
        );
        break;
      case "backlog.growing":
        log.warn(
          {
            environmentId: ids.encode("org_", fact.environmentSeq),
            endpointId: ids.encode("ep_", fact.endpointSeq),
            oldestDueAt: new Date(fact.oldestDueAt).toISOString(),
          },
          "Backlog is growing: the oldest due delivery has waited longer than backlog-threshold.",
        );
        break;
      case "backlog.recovered":
        log.info({ environmentId: ids.encode("org_", fact.environmentSeq) }, "Backlog has recovered.");
        break;
      case "operational.dropped":
        log.error(
          { count: fact.count },
          "Operational webhooks were dropped because too many were waiting to be stored.",
        );
        break;
      case "task.ended":
        if (fact.status === "finished") break;
        log.warn(
          { taskId: ids.encode("qtask_", fact.taskSeq), task: fact.kind, error: fact.error },
          "Background task failed.",
        );
        break;
      case "clock.doubted":
        log.warn(
          { aheadDays: Math.round(fact.aheadMs / 86_400_000) },
          "Clock is far ahead of the stored data. Until it has been so for a day, nothing is deleted by age and no endpoint is disabled for continuous failure. If the clock is right, restart with `serve --accept-clock`.",
        );
        break;
      case "clock.trusted":
        log.info({}, "Clock is trusted again.");
        break;
      case "idempotency.mismatched":
        log.info(
          { event: fact.type, request: fact.request, idempotencyKey: fact.key, rejected: fact.isRejected },
          "Request was not carried out, because its idempotency key was used before with another body.",
        );
        break;
      case "notice.sent": {
        const fields = { event: fact.type, channel: fact.channel, count: fact.count, test: fact.isTest };
        if (fact.refused.length === 0) log.info(fields, "Notice was sent.");
        else log.warn({ ...fields, refused: fact.refused }, "Mail server refused some recipients of a notice.");
        break;
      }
      case "notice.failed":
        log.warn(
          { event: fact.type, channel: fact.channel, test: fact.isTest, reason: fact.reason },
          `Notice could not be sent. ${fact.reason}`,
        );
        break;
      case "traces.failing":
        log.warn(
          { event: fact.type, reason: fact.reason },
          "Traces cannot be exported. Spans are dropped until the collector at otlp-endpoint accepts them; deliveries are not affected.",
        );
        break;
      case "traces.recovered":
        log.info({ event: fact.type }, "Traces are exported again.");
        break;
      case "defect.found":
        log.error(
          { where: fact.where, error: fact.error },
          "Internal error (bug). Affected deliveries are retried; affected tasks fail and affected operational webhooks are lost. Please report it.",
        );
        break;
      case "inbox.received":
        log.info(
          { inbox: fact.token, messageId: fact.messageId, bytes: fact.bytes },
          "Webhook received at the built-in inbox.",
        );
        break;
    }
  });
}

/**
 * Logs every finished attempt at level `debug`. `isWanted` is called each time, because the level
 * can be changed.
 */
export function logAttempts(facts: Facts, log: Log, ids: IdCodec, isWanted: () => boolean): void {
  facts.on(["attempt.finished"], (fact) => {
    if (!isWanted()) return;
    const { endpointSeq, reason, responseStatus, durationMs } = fact;
    log.debug(
      {
        event: "attempt",
        ...attemptNames(fact, ids),
        endpointId: ids.encode("ep_", endpointSeq),
        outcome: reason ?? "success",
        status: responseStatus,
        durationMs,
      },
      "Attempt finished.",
    );
  });
}

function namesOf(fact: { readonly endpointSeq: Seq; readonly applicationSeq: Seq }, ids: IdCodec) {
  return { appId: ids.encode("app_", fact.applicationSeq), endpointId: ids.encode("ep_", fact.endpointSeq) };
}

function attemptNames(attempt: AttemptNames | undefined, ids: IdCodec): object {
  if (attempt === undefined) return {};
  const { messageSeq, deliverySeq, attemptSeq, traceId } = attempt;
  return {
    msgId: ids.encode("msg_", messageSeq),
    deliveryId: ids.encode("dlv_", deliverySeq),
    attemptId: ids.encode("atmpt_", attemptSeq),
    traceId,
  };
}

/** Rounds a duration, so that its text is short. */
function wholeSeconds(ms: number): number {
  return Math.round(ms / 1000) * 1000;
}

/** Returns a URL without its user name, password and query, because these may be secret. */
function withoutQuery(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? "" : `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}
