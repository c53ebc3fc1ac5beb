import type { History } from "../../index.ts";
import type { StoreParts } from "../store-parts.ts";
import { attempts } from "./attempts.ts";
import { deadLetters } from "./dead-letters.ts";
import { endpointMessages } from "./endpoint-messages.ts";
import { messages } from "./messages.ts";
import { payloadLinks } from "./payload-links.ts";
import { pollerGroups } from "./poller-groups.ts";
import { pollers } from "./pollers.ts";
import { replayable } from "./replayable.ts";
import { series } from "./series.ts";
import { sourceLog } from "./source-log.ts";
import { totals } from "./totals.ts";

export function history(parts: StoreParts): History {
  const { db, committer, turns, eventIds, stretches } = parts;
  return {
    messages: { ...messages(db, stretches, eventIds, turns), ofEndpoint: endpointMessages(db, stretches, turns) },
    attempts: attempts(parts),
    deadLetters: deadLetters(db, turns),
    replayable: replayable(db),
    pollers: pollers(db, committer),
    groups: pollerGroups(db, committer),
    sourceLog: sourceLog(db, committer),
    payloadLinks: payloadLinks(db, committer),
    series: series(db, committer),
    ...totals(db),
  };
}
