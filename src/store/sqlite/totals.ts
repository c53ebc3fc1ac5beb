import type { Database } from "bun:sqlite";
import type { History, StoppedEndpoints, StoreTotals } from "../index.ts";
import { STATE } from "./deliveries.ts";
import { IS_FAILING } from "./endpoint-row.ts";

const BY_ENVIRONMENT = `FROM delivery d JOIN endpoint e ON e.seq = d.endpoint_seq
  JOIN application a ON a.seq = e.application_seq`;

export function totals(db: Database): Pick<History, "totals" | "failingEndpoints" | "stoppedEndpoints"> {
  const failing = db.prepare<{ count: number }, [number | null]>(
    `SELECT COUNT(*) AS count FROM endpoint e CROSS JOIN application a ON a.seq = e.application_seq
     WHERE ${IS_FAILING} AND e.deleted_at IS NULL AND a.deleted_at IS NULL AND a.operational = 0
       AND (?1 IS NULL OR a.environment_seq = ?1)`,
  );
  // Both counts read an index that has only these endpoints.
  const stopped = db.prepare<StoppedEndpoints, []>(
    `SELECT (SELECT COUNT(*) FROM endpoint WHERE disabled = 1 AND deleted_at IS NULL) AS disabled,
       (SELECT COUNT(*) FROM endpoint WHERE paused = 1 AND disabled = 0 AND deleted_at IS NULL) AS paused`,
  );
  return {
    stoppedEndpoints: async () => stopped.get()!,
    totals: async () => totalsOf(db),
    failingEndpoints: async (environmentSeq) => failing.get(environmentSeq)?.count ?? 0,
  };
}

/** Counts pending deliveries and dead letters by environment. */
function totalsOf(db: Database): StoreTotals[] {
  const count = (state: number) =>
    db
      .query<{ environmentSeq: number; count: number }, []>(
        `SELECT a.environment_seq AS environmentSeq, COUNT(*) AS count ${BY_ENVIRONMENT}
         WHERE d.state = ${state} GROUP BY a.environment_seq`,
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
