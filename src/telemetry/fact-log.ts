import type { Fact } from "../core/fact.ts";
import type { IdCodec } from "../core/id.ts";
import type { Log } from "./log.ts";

/** Which facts are worth a line, and how loud. What happens thousands of times a second is for `debug`. */
export function factLog(log: Log, ids: IdCodec): (fact: Fact) => void {
  return (fact) => {
    switch (fact.type) {
      case "endpoint.disabled":
        if (fact.cause === "manual") break;
        log.warn(
          {
            endpointId: ids.encode("ep_", fact.endpointSeq),
            applicationId: ids.encode("app_", fact.applicationSeq),
            cause: fact.cause,
            failingSince: fact.failingSince === null ? null : new Date(fact.failingSince).toISOString(),
          },
          fact.cause === "gone"
            ? "Endpoint disabled: it answered 410 Gone."
            : "Endpoint disabled: it has failed without a break for endpoint-disable-after.",
        );
        break;
      case "deliveries.buried":
        log.info(
          { count: fact.count, state: fact.state },
          "Deliveries ended without an attempt: their endpoint takes nothing more.",
        );
        break;
      case "backlog.growing":
        log.warn(
          {
            environmentId: ids.encode("org_", fact.environmentSeq),
            endpointId: ids.encode("ep_", fact.endpointSeq),
            oldestDueAt: new Date(fact.oldestDueAt).toISOString(),
          },
          "The backlog is growing: the oldest due delivery has been waiting for longer than backlog-threshold.",
        );
        break;
      case "backlog.recovered":
        log.info({ environmentId: ids.encode("org_", fact.environmentSeq) }, "The backlog has been worked off.");
        break;
      case "operational.dropped":
        log.error({ count: fact.count }, "Operational webhooks were dropped: too many waited to be stored.");
        break;
      case "task.ended":
        if (fact.status === "finished") break;
        log.warn(
          { taskId: ids.encode("qtask_", fact.taskSeq), task: fact.kind, error: fact.error },
          "A background task has failed.",
        );
        break;
      case "commit.failed":
        log.error(
          { writes: fact.writes, error: fact.message },
          fact.full
            ? "The disk is full: nothing was stored and callers get 503. Make room."
            : "The store could not be written: nothing was stored and callers get 503.",
        );
        break;
      case "defect.found":
        log.error(
          { where: fact.where, error: fact.error },
          "A mistake in boathook: what it touched is tried again later. Please report it.",
        );
        break;
      case "inbox.received":
        log.info(
          { inbox: fact.token, messageId: fact.messageId, bytes: fact.bytes },
          "A webhook arrived at the built-in inbox.",
        );
        break;
    }
  };
}
