import type { Facts } from "../core/facts.ts";
import type { IdCodec } from "../core/id.ts";
import type { Log } from "./log.ts";

/** Logs what sources refuse, and their connections to brokers. */
export function logSources(facts: Facts, log: Log, ids: IdCodec): void {
  facts.on(["source.refused", "source.key-unavailable", "source.removed", "source.connection"], (fact) => {
    const sourceId = ids.encode("src_", fact.sourceSeq);
    switch (fact.type) {
      case "source.refused": {
        const { type: event, cause, status, method, address } = fact;
        log.info(
          { event, sourceId, cause, status, method, address },
          status < 300
            ? "Request to a source failed its check and was stored nevertheless."
            : "Request to a source was refused.",
        );
        break;
      }
      case "source.key-unavailable":
        log.warn(
          { event: fact.type, sourceId },
          `Request to a source could not be checked, because a key of the provider could not be fetched. ${fact.message}`,
        );
        break;
      case "source.removed":
        log.error(
          { event: fact.type, sourceId, broker: fact.broker },
          `Messages were removed from the queue of a source before they were taken. ${fact.detail}`,
        );
        break;
      case "source.connection": {
        const fields = { event: fact.type, sourceId, broker: fact.broker };
        if (fact.error === null) log.info(fields, "Source is connected to its queue.");
        else log.warn(fields, `Source cannot take messages from its queue. It tries again. ${fact.error}`);
        break;
      }
    }
  });
}
