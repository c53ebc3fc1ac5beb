import type { Facts } from "../core/facts.ts";
import type { IdCodec } from "../core/id.ts";
import type { Log } from "./log.ts";

/** Time after which an application that exceeds the same quota again is logged again, in ms. */
const QUIET_MS = 3_600_000;
/** Maximum number of lines to remember. Beyond it, the oldest is forgotten. */
const REMEMBERED_MAX = 10_000;

/** Logs which applications exceed a quota, at most once per hour for each quota. */
export function logExceededQuotas(facts: Facts, log: Log, ids: IdCodec): void {
  const loggedAt = new Map<string, number>();
  facts.on(["quota.exceeded"], ({ type, applicationSeq, quota, limit, at }) => {
    const key = `${applicationSeq}/${quota}`;
    const before = loggedAt.get(key);
    if (before !== undefined && Math.abs(at - before) < QUIET_MS) return;
    loggedAt.delete(key);
    if (loggedAt.size >= REMEMBERED_MAX) loggedAt.delete(loggedAt.keys().next().value!);
    loggedAt.set(key, at);
    log.info(
      { event: type, appId: ids.encode("app_", applicationSeq), quota, limit },
      "Application exceeds a quota. Requests that would use more are refused.",
    );
  });
}
