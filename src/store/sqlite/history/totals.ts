import type { Database } from "bun:sqlite";
import type { EndpointCounts, History, StoreTotals } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { IS_FAILING } from "../../sql/endpoint-row.ts";

const BY_ENVIRONMENT = `FROM delivery d JOIN endpoint e ON e.seq = d.endpoint_seq
  JOIN application a ON a.seq = e.application_seq`;

/** Endpoints that are paused, in the words of their index. Those that are not verified are paused too. */
const IS_PAUSED = "paused = 1 AND disabled = 0 AND deleted_at IS NULL";

export function totals(db: Database): Pick<History, "totals" | "failingEndpoints" | "endpointCounts"> {
  const failing = db.prepare<{ count: number }, [number | null]>(
    `SELECT COUNT(*) AS count FROM endpoint e CROSS JOIN application a ON a.seq = e.application_seq
     WHERE ${IS_FAILING} AND e.deleted_at IS NULL AND a.deleted_at IS NULL AND a.operational = 0
       AND (?1 IS NULL OR a.environment_seq = ?1)`,
  );
  // Each count reads an index that has only these endpoints.
  const counts = db.prepare<Omit<EndpointCounts, "healthy"> & { total: number; failing: number }, []>(
    `SELECT (SELECT COUNT(*) FROM endpoint WHERE disabled = 1 AND deleted_at IS NULL) AS disabled,
       (SELECT COUNT(*) FROM endpoint WHERE ${IS_PAUSED}) AS paused,
       (SELECT COUNT(*) FROM endpoint WHERE ${IS_PAUSED} AND challenge IS NOT NULL) AS unverified,
       (SELECT COUNT(*) FROM endpoint e WHERE ${IS_FAILING} AND e.deleted_at IS NULL) AS failing,
       (SELECT COUNT(*) FROM endpoint INDEXED BY endpoint_listed WHERE deleted_at IS NULL) AS total`,
  );
  return {
    endpointCounts: async () => {
      const { total, failing, disabled, paused, unverified } = counts.get()!;
      return { healthy: total - failing - disabled - paused, disabled, paused: paused - unverified, unverified };
    },
    totals: async () => totalsOf(db),
    failingEndpoints: async (environmentSeq) => failing.get(environmentSeq)?.count ?? 0,
  };
}

/**
 * Counts pending deliveries and dead letters by environment. Those of an application that is arriving
 * are counted when it has arrived.
 */
function totalsOf(db: Database): StoreTotals[] {
  const count = (state: number) =>
    db
      .query<{ environmentSeq: number; count: number }, []>(
        `SELECT a.environment_seq AS environmentSeq, COUNT(*) AS count ${BY_ENVIRONMENT}
         WHERE d.state = ${state}
           AND a.seq NOT IN (SELECT application_seq FROM arrival WHERE arrived_at IS NULL)
         GROUP BY a.environment_seq`,
      )
      .all();
  const dead = new Map(count(STATE.dead).map((row) => [row.environmentSeq, row.count]));
  const pending = new Map(count(STATE.pending).map((row) => [row.environmentSeq, row.count]));
  return [...new Set([...dead.keys(), ...pending.keys()])].map((environmentSeq) => ({
    environmentSeq,
    pending: pending.get(environmentSeq) ?? 0,
    dead: dead.get(environmentSeq) ?? 0,
  }));
}
