import { FAILURE_REASON } from "../../sql/endpoint-row.ts";
import {
  ENDPOINT_STATE,
  endpointConditions,
  FOUND_ENDPOINT,
  type FoundEndpoint,
  toEnvironmentEndpoint,
} from "../../sql/environment-endpoint.ts";
import { Conditions, directionOf, pageOf, rangeOf } from "../../sql/page.ts";
import type { Survey } from "../../survey.ts";
import type { Queries } from "../connection/database.ts";

export function environmentEndpoints(queries: Queries): Survey["endpoints"] {
  return async (environmentSeq, filter, page) => {
    const { applicationSeq, uid } = filter;
    const among = new Conditions();
    if (applicationSeq !== undefined) among.add("e.application_seq = $applicationSeq", { applicationSeq });
    if (uid !== undefined) among.add("e.uid = $uid", { uid });
    const where = endpointConditions(environmentSeq, filter, (text, part) => `strpos(${text}, ${part}) > 0`);
    const rows = await queries.all<FoundEndpoint>(
      `SELECT ${FOUND_ENDPOINT}
       FROM (SELECT e.*, ${ENDPOINT_STATE} AS state, ${FAILURE_REASON} AS "failureReason" FROM endpoint e
             WHERE e.deleted_at IS NULL AND e.seq >= $from AND e.seq < $to${among.sql}) AS e
       JOIN application a ON a.seq = e.application_seq
       WHERE true${where.sql} ORDER BY e.seq ${directionOf(page)} LIMIT $limit`,
      { ...among.values, ...where.values, ...rangeOf(page), limit: page.limit + 1 },
    );
    return pageOf(rows.map(toEnvironmentEndpoint), page);
  };
}
