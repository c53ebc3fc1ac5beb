import { type Seq, timeOfSeq } from "../../../core/id.ts";
import type { FailureReason } from "../../../core/outcome.ts";
import {
  type DeadReasonCount,
  deadCountMax,
  detailCountMax,
  type EndpointDetail,
  type EndpointState,
  endpointPendingMax,
} from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { FAILURE_REASON, IS_FAILING } from "../../sql/endpoint-row.ts";
import { ENDPOINT_STATE } from "../../sql/environment-endpoint.ts";
import type { Survey } from "../../survey.ts";
import type { Queries } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";

/** Counts rows, at most `max`. */
const countUpTo = (rows: string, max: number): string =>
  `(SELECT count(*) FROM (SELECT 1 FROM ${rows} LIMIT ${max}) AS r)`;

const timeOrNull = (seq: Seq | null): number | null => (seq === null ? null : timeOfSeq(seq));

export function applicationCounts(queries: Queries): Survey["applicationCounts"] {
  return async (_, applicationSeqs) => {
    const rows = await queries.all<{ endpoints: number; failing: number; dead: number; lastSeq: Seq | null }>(
      `SELECT (SELECT count(*) FROM endpoint e WHERE e.application_seq = a.seq AND e.deleted_at IS NULL) AS endpoints,
         (SELECT count(*) FROM endpoint e WHERE e.application_seq = a.seq AND e.deleted_at IS NULL AND ${IS_FAILING}) AS failing,
         ${countUpTo(`endpoint e JOIN ended d ON d.endpoint_seq = e.seq AND d.state = ${STATE.dead} WHERE e.application_seq = a.seq`, deadCountMax)} AS dead,
         (SELECT max(m.seq) FROM message m WHERE m.application_seq = a.seq) AS "lastSeq"
       FROM unnest($1::bigint[]) WITH ORDINALITY AS a(seq, place) ORDER BY a.place`,
      [numberArray(applicationSeqs)],
    );
    return rows.map(({ lastSeq, ...counts }) => ({ ...counts, lastMessageAt: timeOrNull(lastSeq) }));
  };
}

export function applicationDetail(queries: Queries): Survey["applicationDetail"] {
  return async (_, applicationSeq) => {
    const [states, reasons, counts] = await Promise.all([
      queries.all<{ state: EndpointState; count: number }>(
        `SELECT ${ENDPOINT_STATE} AS state, count(*) AS count FROM endpoint e
         WHERE e.application_seq = $1 AND e.deleted_at IS NULL GROUP BY 1`,
        [applicationSeq],
      ),
      // The deleted endpoints are included, because their dead letters are.
      queries.all<DeadReasonCount>(
        `SELECT reason, count(*) AS count FROM (
           SELECT d.reason FROM endpoint e JOIN ended d ON d.endpoint_seq = e.seq AND d.state = ${STATE.dead}
           WHERE e.application_seq = $1 LIMIT ${detailCountMax}) AS d
         GROUP BY reason ORDER BY count(*) DESC, reason COLLATE "C"`,
        [applicationSeq],
      ),
      queries.first<{ pending: number; messages: number; lastSeq: Seq | null }>(
        `SELECT ${countUpTo("endpoint e JOIN pending p ON p.endpoint_seq = e.seq WHERE e.application_seq = $1 AND e.deleted_at IS NULL", detailCountMax)} AS pending,
           ${countUpTo("message WHERE application_seq = $1", detailCountMax)} AS messages,
           (SELECT max(seq) FROM message WHERE application_seq = $1) AS "lastSeq"`,
        [applicationSeq],
      ),
    ]);
    const { pending, messages, lastSeq } = counts!;
    return {
      endpoints: countsByState(states),
      pending,
      dead: reasons.reduce((sum, { count }) => sum + count, 0),
      deadReasons: reasons,
      messages,
      lastMessageAt: timeOrNull(lastSeq),
    };
  };
}

export function countsByState(
  rows: readonly { readonly state: EndpointState; readonly count: number }[],
): Record<EndpointState, number> {
  const counts = { healthy: 0, failing: 0, disabled: 0, paused: 0 };
  for (const { state, count } of rows) counts[state] = count;
  return counts;
}

export function endpointDetail(queries: Queries): Survey["endpointDetail"] {
  return (_, endpointSeq): Promise<EndpointDetail | null> =>
    queries.first<{ state: EndpointState; failureReason: FailureReason | null; pending: number }>(
      `SELECT ${ENDPOINT_STATE} AS state, ${FAILURE_REASON} AS "failureReason",
         ${countUpTo("pending WHERE endpoint_seq = $1", endpointPendingMax)} AS pending
       FROM endpoint e WHERE e.seq = $1 AND e.deleted_at IS NULL`,
      [endpointSeq],
    );
}
