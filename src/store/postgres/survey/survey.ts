import type { Seq } from "../../../core/id.ts";
import { namedSearch } from "../../sql/named-search.ts";
import type { Survey } from "../../survey.ts";
import type { Turns } from "../../turns.ts";
import type { Database, Queries } from "../connection/database.ts";
import { applicationCounts, applicationDetail, endpointDetail } from "./application-counts.ts";
import { attention } from "./attention.ts";
import { endpointCertificates } from "./certificates.ts";
import { environmentEndpoints } from "./environment-endpoints.ts";
import { environmentMessages } from "./environment-messages.ts";
import { names } from "./names.ts";
import { recipients } from "./recipients.ts";

type OfEnvironment<Rest extends unknown[], Result> = (environmentSeq: Seq, ...rest: Rest) => Result;

/** Returns a verb whose queries run in the turns of the environment that it is called for. */
export function inTurns<Rest extends unknown[], Result>(
  { surveysFor }: Pick<Database, "surveysFor">,
  verb: (queries: Queries) => OfEnvironment<Rest, Result>,
): OfEnvironment<Rest, Result> {
  return (environmentSeq, ...rest) => verb(surveysFor(environmentSeq))(environmentSeq, ...rest);
}

export function survey(database: Database, turns: Turns): Survey {
  return {
    endpoints: inTurns(database, environmentEndpoints),
    applicationCounts: inTurns(database, applicationCounts),
    applicationDetail: inTurns(database, applicationDetail),
    endpointDetail: inTurns(database, endpointDetail),
    messages: inTurns(database, (queries) => environmentMessages(queries, turns)),
    attention: inTurns(database, attention),
    certificates: endpointCertificates(database.surveysFor("server")),
    recipients: inTurns(database, recipients),
    names: inTurns(database, names),
    named: inTurns(database, (queries) => namedSearch((sql, bindings) => queries.all(sql, bindings))),
  };
}
