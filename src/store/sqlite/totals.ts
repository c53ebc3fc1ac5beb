import type { Database } from "bun:sqlite";
import type { StoreTotals } from "../index.ts";
import { STATE } from "./deliveries.ts";

const BY_ENVIRONMENT = `FROM delivery d JOIN endpoint e ON e.seq = d.endpoint_seq
  JOIN application a ON a.seq = e.application_seq`;

/** Counts pending deliveries and dead letters by environment. */
export function totals(db: Database): StoreTotals[] {
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
