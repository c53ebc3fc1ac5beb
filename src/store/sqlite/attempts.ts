import type { Database } from "bun:sqlite";
import type { Seq } from "../../core/id.ts";
import type { Attempt, AttemptFilter, History, PageOf, PageRequest } from "../index.ts";
import { addAttemptFilter } from "../sql/attempt-filter.ts";
import { type AttemptRow, attemptColumns, exchangeOf, toAttempt } from "../sql/attempt-row.ts";
import { type Bindings, Conditions, directionOf, readRanges } from "../sql/page.ts";
import type { SecretBox } from "../sql/secret-box.ts";
import type { Turns } from "../turns.ts";
import { addStartWindow, earliestRange, lateFinder, type WindowRange, windowRanges } from "./attempt-window.ts";
import type { Committer } from "./commit.ts";
import { addMessageFilter } from "./messages.ts";
import type { Stretches } from "./stretches.ts";
import { termsOfAttempts } from "./traits.ts";

/** Returns the conditions of a filter for the attempt `t` and its message `m`. */
function conditions(filter: AttemptFilter): Conditions {
  const where = new Conditions();
  addAttemptFilter(where, filter);
  addMessageFilter(where, filter);
  return where;
}

export function attempts(
  db: Database,
  committer: Committer,
  stretches: Stretches,
  turns: Turns,
  box: SecretBox,
): History["attempts"] {
  const one = db.prepare<AttemptRow & { sealed: Uint8Array | null }, [number, number | null]>(
    `SELECT ${attemptColumns(true)}, t.sealed FROM attempt t WHERE t.seq = ?1 AND (?2 IS NULL OR t.message_seq = ?2)`,
  );
  const lateIn = lateFinder(db);
  const expungeResponse = db.prepare(
    "UPDATE attempt SET response = NULL WHERE seq = (SELECT response_in FROM attempt WHERE seq = ?)",
  );
  const expunge = db.prepare("UPDATE attempt SET response = NULL, response_in = NULL, sealed = NULL WHERE seq = ?");

  const list = (
    scope: { readonly column: "endpoint_seq" | "message_seq" | "batch_seq"; readonly seq: Seq },
    ranges: Iterable<WindowRange>,
    filter: AttemptFilter,
    page: PageRequest,
    withContent: boolean,
  ): Promise<PageOf<Attempt>> => {
    const where = addStartWindow(conditions(filter), filter);
    const ofMessage = filter.eventTypes !== undefined || filter.channel !== undefined || filter.tag !== undefined;
    // CROSS JOIN makes SQLite start with the attempts. There are few attempts, but there may be
    // many messages of a type.
    const rowsIn = (restriction: string) =>
      db.query<AttemptRow, [Bindings]>(
        `SELECT ${attemptColumns(withContent)} FROM attempt t${ofMessage ? " CROSS JOIN message m ON m.seq = t.message_seq" : ""}
         WHERE ${restriction} AND t.seq >= $from AND t.seq < $to${where.sql}
         ORDER BY t.seq ${directionOf(page)} LIMIT $limit`,
      );
    const inScope = `t.${scope.column} = $scope`;
    return readRanges(turns, page, ranges, ({ from, to, isLate = false }, limit) => {
      const late = isLate ? { late: JSON.stringify(lateIn(scope.seq, { from, to }, filter.before!)) } : {};
      const rows = rowsIn(isLate ? `${inScope} AND t.seq IN (SELECT value FROM json_each($late))` : inScope);
      return rows.all({ ...where.values, ...late, from, to, scope: scope.seq, limit }).map(toAttempt);
    });
  };

  return {
    ofEndpoint: async (endpointSeq, filter, page, withContent) => {
      if (filter.batchSeq !== undefined) {
        const scope = { column: "batch_seq", seq: filter.batchSeq } as const;
        return list(scope, [earliestRange(page, filter)], { ...filter, endpointSeq }, page, withContent);
      }
      const terms = termsOfAttempts(filter);
      const direction = directionOf(page);
      const ranges = windowRanges(page, filter, (within) =>
        terms.length === 0 ? [within] : stretches.find(endpointSeq, terms, within, direction),
      );
      return list({ column: "endpoint_seq", seq: endpointSeq }, ranges, filter, page, withContent);
    },
    ofMessage: async (messageSeq, filter, page, withContent) =>
      list({ column: "message_seq", seq: messageSeq }, [earliestRange(page, filter)], filter, page, withContent),
    get: async (messageSeq, attemptSeq) => {
      const row = one.get(attemptSeq, messageSeq);
      if (row === null) return null;
      const { sealed, ...rest } = row;
      return {
        ...toAttempt(rest),
        ...(sealed !== null && exchangeOf(box.open(sealed))),
      };
    },
    expunge: (attemptSeq) =>
      committer.write(() => {
        expungeResponse.run(attemptSeq);
        expunge.run(attemptSeq);
      }),
    count: countVerb(db),
  };
}

/** Counts attempts. Reads only indexes. */
function countVerb(db: Database): History["attempts"]["count"] {
  const RANGE = "endpoint_seq = ? AND seq >= ? AND seq < ?";
  const beyond = db.prepare<{ seq: number }, [number, number, number, number]>(
    `SELECT seq FROM attempt WHERE ${RANGE} ORDER BY seq LIMIT 1 OFFSET ?`,
  );
  const all = db.prepare<{ count: number }, [number, number, number]>(
    `SELECT COUNT(*) AS count FROM attempt WHERE ${RANGE}`,
  );
  const failed = db.prepare<{ count: number }, [number, number, number]>(
    `SELECT COUNT(*) AS count FROM attempt WHERE ${RANGE} AND reason IS NOT NULL`,
  );
  return async (endpointSeq, { from, to, limit }) => {
    const next = beyond.get(endpointSeq, from, to, limit)?.seq ?? null;
    const end = next ?? to;
    const failures = failed.get(endpointSeq, from, end)!.count;
    return { delivered: all.get(endpointSeq, from, end)!.count - failures, failed: failures, next };
  };
}
