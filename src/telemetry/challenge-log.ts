import type { Facts } from "../core/facts.ts";
import type { IdCodec } from "../core/id.ts";
import type { Log } from "./log.ts";

/** Logs the results of ownership challenges. Of the failed tries of a URL, only the first is logged. */
export function logChallenges(facts: Facts, log: Log, ids: IdCodec): void {
  facts.on(["endpoint.verified", "endpoint.unverified"], (fact) => {
    const { type: event, applicationSeq, endpointSeq } = fact;
    const names = { event, appId: ids.encode("app_", applicationSeq), endpointId: ids.encode("ep_", endpointSeq) };
    if (fact.type === "endpoint.verified") {
      log.info(names, fact.isChallenged ? "Endpoint is verified." : "Endpoint is verified by a request.");
    } else if (fact.tries === 1) {
      log.info({ ...names, reason: fact.reason }, "Endpoint is not verified. The challenge is sent again.");
    }
  });
}
