import type { Seq } from "../../../core/id.ts";
import type { EndpointCounts, History } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { IS_FAILING } from "../../sql/endpoint-row.ts";
import type { Queries } from "../connection/database.ts";

/** Endpoints that are paused, in the words of their index. Those that are not verified are paused too. */
const IS_PAUSED = "paused = 1 AND disabled = 0 AND deleted_at IS NULL";

export function totals(queries: Queries): Pick<History, "totals" | "failingEndpoints" | "endpointCounts"> {
  const countsOf = async (deliveries: string): Promise<ReadonlyMap<Seq, number>> => {
    const rows = await queries.all<{ environmentSeq: Seq; count: number }>(
      `SELECT a.environment_seq AS "environmentSeq", sum(d.count)::bigint AS count
       FROM (SELECT endpoint_seq, count(*) AS count FROM ${deliveries} GROUP BY endpoint_seq) AS d
       JOIN endpoint e ON e.seq = d.endpoint_seq JOIN application a ON a.seq = e.application_seq
       GROUP BY a.environment_seq`,
    );
    return new Map(rows.map(({ environmentSeq, count }) => [environmentSeq, count]));
  };
  return {
    totals: async () => {
      const [pending, dead] = await Promise.all([countsOf("pending"), countsOf(`ended WHERE state = ${STATE.dead}`)]);
      return [...new Set([...dead.keys(), ...pending.keys()])].map((environmentSeq) => ({
        environmentSeq,
        pending: pending.get(environmentSeq) ?? 0,
        dead: dead.get(environmentSeq) ?? 0,
      }));
    },
    failingEndpoints: async (environmentSeq) => {
      const row = await queries.first<{ count: number }>(
        `SELECT count(*) AS count FROM endpoint e JOIN application a ON a.seq = e.application_seq
         WHERE ${IS_FAILING} AND e.deleted_at IS NULL AND a.deleted_at IS NULL AND a.operational = 0
           AND ($1::bigint IS NULL OR a.environment_seq = $1)`,
        [environmentSeq],
      );
      return row!.count;
    },
    endpointCounts: async () => {
      const row = await queries.first<Omit<EndpointCounts, "healthy"> & { total: number; failing: number }>(
        `SELECT (SELECT count(*) FROM endpoint WHERE disabled = 1 AND deleted_at IS NULL) AS disabled,
           (SELECT count(*) FROM endpoint WHERE ${IS_PAUSED}) AS paused,
           (SELECT count(*) FROM endpoint WHERE ${IS_PAUSED} AND challenge IS NOT NULL) AS unverified,
           (SELECT count(*) FROM endpoint e WHERE ${IS_FAILING} AND e.deleted_at IS NULL) AS failing,
           (SELECT count(*) FROM endpoint WHERE deleted_at IS NULL) AS total`,
      );
      const { total, failing, disabled, paused, unverified } = row!;
      return { healthy: total - failing - disabled - paused, disabled, paused: paused - unverified, unverified };
    },
  };
}
