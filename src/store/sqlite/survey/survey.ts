import type { Survey } from "../../index.ts";
import type { StoreParts } from "../store-parts.ts";
import { applicationCounts } from "./application-counts.ts";
import { applicationDetail } from "./application-detail.ts";
import { attention } from "./attention.ts";
import { endpointCertificates } from "./endpoint-certificates.ts";
import { endpointDetail } from "./endpoint-detail.ts";
import { environmentEndpoints } from "./environment-endpoints.ts";
import { environmentMessages } from "./environment-messages.ts";
import { namedSearch } from "./named-search.ts";
import { names } from "./names.ts";
import { recipients } from "./recipients.ts";

export function survey({ db, turns, eventIds }: StoreParts): Survey {
  return {
    endpoints: environmentEndpoints(db, turns),
    applicationCounts: applicationCounts(db, turns),
    applicationDetail: applicationDetail(db, turns),
    endpointDetail: endpointDetail(db),
    messages: environmentMessages(db, eventIds, turns),
    attention: attention(db, turns),
    certificates: endpointCertificates(db, turns),
    recipients: recipients(db),
    names: names(db),
    named: namedSearch(db, turns),
  };
}
