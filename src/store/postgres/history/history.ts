import type { History } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Committer } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { latestVerb } from "../survey/environment-messages.ts";
import { inTurns } from "../survey/survey.ts";
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

export function history(database: Database, committer: Committer, box: SecretBox): History {
  return {
    messages: {
      ...messages(database),
      ofEndpoint: endpointMessages(database),
      latest: inTurns(database, latestVerb),
    },
    attempts: attempts(database, committer, box),
    deadLetters: deadLetters(database),
    replayable: replayable(database),
    pollers: pollers(database, committer),
    groups: pollerGroups(committer),
    sourceLog: sourceLog(database, committer),
    payloadLinks: payloadLinks(database, committer),
    series: series(database, committer),
    ...totals(database.surveysFor("server")),
  };
}
