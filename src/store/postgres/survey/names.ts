import type { ApplicationName, EndpointName } from "../../index.ts";
import type { Survey } from "../../survey.ts";
import type { Queries } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";

export function names(queries: Queries): Survey["names"] {
  return async (environmentSeq, { applicationSeqs = [], endpointSeqs = [] }) => {
    const [applications, endpoints] = await Promise.all([
      queries.all<ApplicationName>(
        `SELECT seq, name, uid, source_seq AS "sourceSeq" FROM application
         WHERE seq = ANY ($1::bigint[]) AND environment_seq = $2`,
        [numberArray(applicationSeqs), environmentSeq],
      ),
      queries.all<EndpointName>(
        `SELECT e.seq, e.uid, e.url, e.description, e.deleted_at IS NOT NULL OR a.deleted_at IS NOT NULL AS "isDeleted"
         FROM endpoint e JOIN application a ON a.seq = e.application_seq
         WHERE e.seq = ANY ($1::bigint[]) AND a.environment_seq = $2`,
        [numberArray(endpointSeqs), environmentSeq],
      ),
    ]);
    return {
      applications: new Map(applications.map((one) => [one.seq, one])),
      endpoints: new Map(endpoints.map((one) => [one.seq, one])),
    };
  };
}
