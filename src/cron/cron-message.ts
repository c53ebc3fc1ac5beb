import { type Incoming, plainIncoming } from "../accept/incoming.ts";
import type { IdCodec } from "../core/id.ts";
import type { Source } from "../core/resources/source.ts";
import { eventTypeNameProblem } from "../core/rule.ts";

const DEFAULT_EVENT_TYPE = "cron.received";
const METHOD = "CRON";

/** Returns the message that one run of a source of type `cron` sends. */
export function cronMessage(source: Source, ids: IdCodec): Incoming {
  const { payload, contentType } = source.config;
  return {
    ...plainIncoming(eventTypeOf(source), Buffer.from(String(payload ?? ""))),
    contentType: typeof contentType === "string" ? contentType : "application/json",
    received: {
      ...{ source: source.uid ?? ids.encode("src_", source.seq), sourceSeq: source.seq, method: METHOD, path: "/" },
      ...{ state: "unattempted" as const, cause: null, redacted: [], reply: null },
    },
  };
}

/** Only a literal is an event type here. A path or a header finds nothing, because nobody sent a request. */
function eventTypeOf({ eventType }: Source): string {
  return eventType === null || eventTypeNameProblem(eventType) !== null ? DEFAULT_EVENT_TYPE : eventType;
}
