import type { Database } from "bun:sqlite";
import type { History, StoreTotals } from "../index.ts";
import { STATE } from "./deliveries.ts";

const BY_ENVIRONMENT = `FROM delivery d JOIN endpoint e ON e.seq = d.endpoint_seq
  JOIN application a ON a.seq = e.application_seq`;

export function totals(db: Database): Pick<History, "totals" | "failingEndpoints"> {
  const failing = db.prepare<{ count: number }, [number]>(
    `SELECT COUNT(*) AS count FROM endpoint e JOIN application a ON a.seq = e.application_seq
     WHERE e.failing_since IS NOT NULL AND e.deleted_at IS NULL AND a.environment_seq = ?`,
  );
  return {
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
