import type { Seq } from "../../../core/id.ts";
import { failureReasons } from "../../../core/outcome.ts";
import {
  type AttentionEndpoint,
  attentionPendingMax,
  type DeadReason,
  deadReasonCountMax,
  type EndpointState,
  type RefusingSource,
} from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { FAILURE_REASON } from "../../sql/endpoint-row.ts";
import { ENDPOINT_STATE } from "../../sql/environment-endpoint.ts";
import { IS_REFUSAL } from "../../sql/source-log-row.ts";
import type { Survey } from "../../survey.ts";
import type { Queries } from "../connection/database.ts";
import { textArray } from "../connection/parameters.ts";
import { countsByState } from "./application-counts.ts";

/** The endpoints `e` of the environment `$1` in its applications `a`. */
const ENDPOINTS = `endpoint e JOIN application a ON a.seq = e.application_seq
  WHERE a.environment_seq = $1 AND a.deleted_at IS NULL AND a.operational = 0 AND e.deleted_at IS NULL`;

const UNVERIFIED_SINCE = "CASE WHEN e.disabled = 0 THEN (e.challenge::json ->> 'since')::bigint END";

const SINCE = "CASE WHEN e.disabled = 1 THEN e.disabled_at WHEN e.paused = 0 THEN e.failing_since END";

/**
 * Holds if a delivery waits for the endpoint. The order makes PostgreSQL use the index of lanes, although
 * it expects many deliveries of each endpoint, where reading the table would find one soon.
 */
const HAS_PENDING =
  "(SELECT p.position FROM pending p WHERE p.endpoint_seq = e.seq ORDER BY p.position LIMIT 1) IS NOT NULL";

/** Holds for a paused endpoint for which deliveries wait, or that has not been verified since before `$2`. */
const IS_WAITING = `(e.disabled = 0 AND e.paused = 1 AND CASE WHEN ${UNVERIFIED_SINCE} IS NULL
  THEN ${HAS_PENDING} ELSE ${UNVERIFIED_SINCE} < $2 END)`;

/** Endpoints that the server has disabled come first, and those that a request has disabled last. */
const RANK = `CASE WHEN e.disabled = 1 THEN CASE WHEN e.disabled_cause IN ('gone', 'failing') THEN 0 ELSE 3 END
  WHEN e.paused = 1 THEN 2 ELSE 1 END`;

const IS_IN_TROUBLE = `(e.disabled = 1 OR (e.paused = 0 AND e.failing_since IS NOT NULL) OR ${IS_WAITING})`;

interface Row extends Omit<AttentionEndpoint, "application" | "unverifiedSince"> {
  readonly applicationSeq: Seq;
  readonly name: string;
  readonly uid: string | null;
  readonly sourceSeq: Seq | null;
  readonly unverifiedSince: number | null;
}

export function attention(queries: Queries): Survey["attention"] {
  return async (environmentSeq, limit, unverifiedBefore = Number.MAX_SAFE_INTEGER) => {
    const [states, waiting, endpoints, sources, dead] = await Promise.all([
      queries.all<{ state: EndpointState; count: number }>(
        `SELECT ${ENDPOINT_STATE} AS state, count(*) AS count FROM ${ENDPOINTS} GROUP BY 1`,
        [environmentSeq],
      ),
      queries.first<{ count: number }>(`SELECT count(*) AS count FROM ${ENDPOINTS} AND ${IS_WAITING}`, [
        environmentSeq,
        unverifiedBefore,
      ]),
      troubled(queries, environmentSeq, unverifiedBefore, limit),
      refusingSources(queries, environmentSeq, limit),
      deadReasons(queries, environmentSeq),
    ]);
    return { counts: countsByState(states), pausedWaiting: waiting!.count, endpoints, sources, dead };
  };
}

async function troubled(
  queries: Queries,
  environmentSeq: Seq,
  unverifiedBefore: number,
  limit: number,
): Promise<AttentionEndpoint[]> {
  const rows = await queries.all<Row>(
    `SELECT e.seq, e.url, a.seq AS "applicationSeq", a.name, a.uid, a.source_seq AS "sourceSeq", ${ENDPOINT_STATE} AS state,
       ${SINCE} AS since, e.disabled_cause AS cause, CASE WHEN e.disabled = 0 AND e.paused = 0 THEN ${FAILURE_REASON} END AS reason,
       CASE WHEN e.disabled = 0 AND e.paused = 1 THEN (SELECT count(*) FROM (
         SELECT 1 FROM pending p WHERE p.endpoint_seq = e.seq LIMIT ${attentionPendingMax}) AS p) END AS pending,
       ${UNVERIFIED_SINCE} AS "unverifiedSince"
     FROM ${ENDPOINTS} AND ${IS_IN_TROUBLE}
     ORDER BY ${RANK}, ${SINCE} DESC NULLS LAST, e.seq
     LIMIT $3`,
    [environmentSeq, unverifiedBefore, limit],
  );
  return rows.map(({ applicationSeq, name, uid, sourceSeq, unverifiedSince, ...endpoint }) => ({
    ...endpoint,
    application: { seq: applicationSeq, name, uid, sourceSeq },
    ...(unverifiedSince !== null && { unverifiedSince }),
  }));
}

/**
 * Counts dead letters by reason, up to a limit. For each reason, the index `ended_dead_reason` is read from
 * the oldest one on, and only until the limit is reached.
 */
function deadReasons(queries: Queries, environmentSeq: Seq): Promise<DeadReason[]> {
  return queries.all<DeadReason>(
    `SELECT r.reason, c.count, c.first AS "firstDeadAt" FROM unnest($2::text[]) AS r(reason)
     CROSS JOIN LATERAL (SELECT count(*) AS count, min(ended_at) AS first FROM (
       SELECT d.ended_at FROM ended d JOIN endpoint e ON e.seq = d.endpoint_seq JOIN application a ON a.seq = e.application_seq
       WHERE d.state = ${STATE.dead} AND d.reason = r.reason AND a.environment_seq = $1 AND a.deleted_at IS NULL
         AND a.operational = 0 AND e.deleted_at IS NULL
       ORDER BY d.ended_at LIMIT ${deadReasonCountMax}) AS d) AS c
     WHERE c.count > 0 ORDER BY c.count DESC, r.reason`,
    [environmentSeq, textArray(failureReasons)],
  );
}

/**
 * Finds the sources whose latest refused request is newer than their latest message. Messages and entries
 * of logs are numbered together, so their numbers tell which is newer.
 */
function refusingSources(queries: Queries, environmentSeq: Seq, limit: number): Promise<RefusingSource[]> {
  const refusals = `FROM source_log WHERE source_seq = s.seq AND seq > stored.seq AND ${IS_REFUSAL} ORDER BY seq`;
  return queries.all<RefusingSource>(
    `SELECT s.seq, s.name, latest.cause, earliest.since, latest.at AS "latestAt" FROM source s
     CROSS JOIN LATERAL (SELECT COALESCE(max(m.seq), 0) AS seq FROM message m WHERE m.application_seq = s.application_seq) AS stored
     CROSS JOIN LATERAL (SELECT cause, created_at AS at ${refusals} DESC LIMIT 1) AS latest
     CROSS JOIN LATERAL (SELECT created_at AS since ${refusals} LIMIT 1) AS earliest
     WHERE s.environment_seq = $1 AND s.deleted_at IS NULL
     ORDER BY earliest.since DESC, s.seq LIMIT $2`,
    [environmentSeq, limit],
  );
}
