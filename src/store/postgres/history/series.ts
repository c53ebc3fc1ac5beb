import { type SeriesRow, sumOfCounts } from "../../../core/series.ts";
import type { History } from "../../index.ts";
import { parsed } from "../../sql/rows.ts";
import type { Committer } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { numberArray, textArray } from "../connection/parameters.ts";

type Row = Omit<SeriesRow, "durations" | "scopeSeq" | "stepMs"> & { readonly durations: string };

const COUNTS = ["accepted", "attempts", "failed", "delivered", "dead"] as const;

export function series(database: Database, committer: Committer): History["series"] {
  return {
    add: (rows) =>
      committer.write(async (transaction) => {
        const sums = summed(rows);
        await transaction.run(
          `INSERT INTO series AS s (scope_seq, step_ms, start_at, ${COUNTS.join(", ")}, durations)
           SELECT scope_seq, step_ms, start_at, ${COUNTS.join(", ")}, durations::bigint[]
           FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
               $8::bigint[], $9::text[])
             AS a(scope_seq, step_ms, start_at, ${COUNTS.join(", ")}, durations)
           ON CONFLICT (scope_seq, step_ms, start_at) DO UPDATE SET
             ${COUNTS.map((name) => `${name} = s.${name} + excluded.${name}`).join(", ")},
             durations = ARRAY(SELECT COALESCE(one, 0) + COALESCE(other, 0)
               FROM unnest(s.durations, excluded.durations) WITH ORDINALITY AS d(one, other, place) ORDER BY place)`,
          [
            numberArray(sums.map(({ scopeSeq }) => scopeSeq)),
            numberArray(sums.map(({ stepMs }) => stepMs)),
            numberArray(sums.map(({ startAt }) => startAt)),
            ...COUNTS.map((name) => numberArray(sums.map((row) => row[name]))),
            textArray(sums.map(({ durations }) => numberArray(durations))),
          ],
        );
      }, rows.length),
    read: async (scopeSeq, stepMs, from, to) => {
      const rows = await database.all<Row>(
        `SELECT start_at AS "startAt", ${COUNTS.join(", ")}, array_to_json(durations)::text AS durations FROM series
         WHERE scope_seq = $1 AND step_ms = $2 AND start_at >= $3 AND start_at < $4 ORDER BY start_at`,
        [scopeSeq, stepMs, from, to],
      );
      return rows.map((row) => ({ ...row, scopeSeq, stepMs, durations: parsed<number[]>(row.durations) }));
    },
  };
}

/** Adds the rows of each bucket up. Returns them in order, so that instances lock buckets in the same order. */
function summed(rows: readonly SeriesRow[]): SeriesRow[] {
  const sums = new Map<string, SeriesRow>();
  for (const row of rows) {
    const name = `${row.scopeSeq} ${row.stepMs} ${row.startAt}`;
    const known = sums.get(name);
    sums.set(name, known === undefined ? row : { ...row, ...sumOfCounts(known, row) });
  }
  return [...sums.values()].sort((a, b) => a.scopeSeq - b.scopeSeq || a.stepMs - b.stepMs || a.startAt - b.startAt);
}
