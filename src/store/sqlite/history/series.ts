import type { Database } from "bun:sqlite";
import {
  type Counts,
  HOUR_MS,
  HOURS_KEPT_MS,
  MINUTE_MS,
  MINUTES_KEPT_MS,
  type SeriesRow,
  sumOfCounts,
} from "../../../core/series.ts";
import type { History } from "../../index.ts";
import type { Committer } from "../commit/commit.ts";

type Row = Omit<SeriesRow, "durations" | "scopeSeq" | "stepMs"> & { readonly durations: string };

const COLUMNS = "start_at AS startAt, accepted, attempts, failed, delivered, dead, durations";

export function series(db: Database, committer: Committer): History["series"] {
  const one = db.prepare<Row, [number, number, number]>(
    `SELECT ${COLUMNS} FROM series WHERE scope_seq = ? AND step_ms = ? AND start_at = ?`,
  );
  const put = db.prepare(
    `INSERT OR REPLACE INTO series (scope_seq, step_ms, start_at, accepted, attempts, failed, delivered, dead, durations)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const range = db.prepare<Row, [number, number, number, number]>(
    `SELECT ${COLUMNS} FROM series WHERE scope_seq = ? AND step_ms = ? AND start_at >= ? AND start_at < ? ORDER BY start_at`,
  );
  const addOne = (row: SeriesRow): void => {
    const { scopeSeq, stepMs, startAt } = row;
    const known = one.get(scopeSeq, stepMs, startAt);
    const counts: Counts = known === null ? row : sumOfCounts(toRow(known, scopeSeq, stepMs), row);
    const { accepted, attempts, failed, delivered, dead, durations } = counts;
    put.run(scopeSeq, stepMs, startAt, accepted, attempts, failed, delivered, dead, JSON.stringify(durations));
  };
  return {
    add: (rows) => committer.write(() => rows.forEach(addOne), rows.length),
    read: async (scopeSeq, stepMs, from, to) =>
      range.all(scopeSeq, stepMs, from, to).map((row) => toRow(row, scopeSeq, stepMs)),
  };
}

function toRow(row: Row, scopeSeq: number, stepMs: number): SeriesRow {
  return { ...row, scopeSeq, stepMs, durations: JSON.parse(row.durations) as number[] };
}

/** Returns a function that deletes buckets past their time, at most `limit` of each length. */
export function oldSeries(db: Database): (now: number, limit: number) => number {
  const drop = db.prepare(
    `DELETE FROM series WHERE (scope_seq, step_ms, start_at) IN
       (SELECT scope_seq, step_ms, start_at FROM series WHERE step_ms = ? AND start_at < ? LIMIT ?)`,
  );
  return (now, limit) =>
    Math.max(
      drop.run(MINUTE_MS, now - MINUTES_KEPT_MS, limit).changes,
      drop.run(HOUR_MS, now - HOURS_KEPT_MS, limit).changes,
    );
}
