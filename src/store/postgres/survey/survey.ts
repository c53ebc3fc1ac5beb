import { namedSearch } from "../../sql/named-search.ts";
import type { Survey } from "../../survey.ts";
import type { Turns } from "../../turns.ts";
import type { Database } from "../connection/database.ts";
import { applicationCounts, applicationDetail, endpointDetail } from "./application-counts.ts";
import { attention } from "./attention.ts";
import { endpointCertificates } from "./certificates.ts";
import { environmentEndpoints } from "./environment-endpoints.ts";
import { environmentMessages } from "./environment-messages.ts";
import { names } from "./names.ts";
import { recipients } from "./recipients.ts";

export function survey({ surveys: queries }: Database, turns: Turns): Survey {
  return {
    endpoints: environmentEndpoints(queries),
    applicationCounts: applicationCounts(queries),
    applicationDetail: applicationDetail(queries),
    endpointDetail: endpointDetail(queries),
    messages: environmentMessages(queries, turns),
    attention: attention(queries),
    certificates: endpointCertificates(queries),
    recipients: recipients(queries),
    names: names(queries),
    named: namedSearch((sql, bindings) => queries.all(sql, bindings)),
  };
}
