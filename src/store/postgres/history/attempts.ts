import type { Seq } from "../../../core/id.ts";
import type { Attempt, AttemptFilter, History, PageOf, PageRequest, TimeWindow } from "../../index.ts";
import { ATTEMPT_MS_MAX } from "../../sql/attempt-duration.ts";
import { addAttemptFilter } from "../../sql/attempt-filter.ts";
import { type AttemptRow, attemptColumns, exchangeOf, toAttempt } from "../../sql/attempt-row.ts";
import { Conditions, directionOf, pageOf, rangeOf } from "../../sql/page.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Committer } from "../commit/commit.ts";
import type { Bindings, Database } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";
import { addMessageFilter } from "./messages.ts";
import { scanned } from "./scan.ts";

type Scope = "endpoint_seq" | "message_seq";

export function attempts(database: Database, committer: Committer, box: SecretBox): History["attempts"] {
  const list = async (
    column: Scope,
    scope: Seq,
    filter: AttemptFilter,
    page: PageRequest,
    withContent: boolean,
  ): Promise<PageOf<Attempt>> => {
    const where = conditions(filter);
    const isAboutMessage = filter.eventTypes !== undefined || filter.channel !== undefined || filter.tag !== undefined;
    const within = rangeOf(page, endOf(filter));
    const order = `ORDER BY t.seq ${directionOf(page)} LIMIT $limit`;
    const select = (condition: string, values: Bindings) =>
      database.all<AttemptRow>(
        `SELECT ${attemptColumns(withContent)} FROM attempt t${isAboutMessage ? " JOIN message m ON m.seq = t.message_seq" : ""}
         WHERE t.${column} = $scope AND ${condition}${where.sql} ${order}`,
        { ...where.values, ...values, scope, limit: page.limit + 1 },
      );
    // A message has few attempts. So has a batch, and they have an index.
    const isLong = column === "endpoint_seq" && where.sql !== "" && filter.batchSeq === undefined;
    const found = isLong
      ? await scanned(page, within, {
          read: (range, limit) =>
            database.all<{ seq: Seq }>(
              `SELECT t.seq FROM attempt t WHERE t.endpoint_seq = $scope AND t.seq >= $from AND t.seq < $to ${order}`,
              { ...range, scope, limit },
            ),
          pick: (rows) => select("t.seq = ANY ($seqs::bigint[])", { seqs: numberArray(rows.map(({ seq }) => seq)) }),
        })
      : pageOf(await select("t.seq >= $from AND t.seq < $to", { ...within }), page);
    return { ...found, rows: found.rows.map(toAttempt) };
  };
  return {
    ofEndpoint: (endpointSeq, filter, page, withContent) =>
      list("endpoint_seq", endpointSeq, filter, page, withContent),
    ofMessage: (messageSeq, filter, page, withContent) => list("message_seq", messageSeq, filter, page, withContent),
    get: async (messageSeq, attemptSeq) => {
      const row = await database.first<AttemptRow & { sealed: Uint8Array | null }>(
        `SELECT ${attemptColumns(true)}, t.sealed FROM attempt t
         WHERE t.seq = $attemptSeq${messageSeq === null ? "" : " AND t.message_seq = $messageSeq"}`,
        { attemptSeq, messageSeq },
      );
      if (row === null) return null;
      const { sealed, ...rest } = row;
      return { ...toAttempt(rest), ...(sealed !== null && exchangeOf(box.open(sealed))) };
    },
    expunge: (attemptSeq) =>
      committer.write(async (transaction) => {
        await transaction.run(
          "UPDATE attempt SET response = NULL WHERE seq = (SELECT response_in FROM attempt WHERE seq = $1)",
          [attemptSeq],
        );
        await transaction.run("UPDATE attempt SET response = NULL, response_in = NULL, sealed = NULL WHERE seq = $1", [
          attemptSeq,
        ]);
      }),
    count: async (endpointSeq, { from, to, limit }) => {
      const range = "endpoint_seq = $endpointSeq AND seq >= $from AND seq < $to";
      const beyond = await database.first<{ seq: number }>(
        `SELECT seq FROM attempt WHERE ${range} ORDER BY seq LIMIT 1 OFFSET $limit`,
        { endpointSeq, from, to, limit },
      );
      const next = beyond?.seq ?? null;
      const counts = await database.first<{ count: number; failed: number }>(
        `SELECT count(*) AS count, count(reason) AS failed FROM attempt WHERE ${range}`,
        { endpointSeq, from, to: next ?? to },
      );
      return { delivered: counts!.count - counts!.failed, failed: counts!.failed, next };
    },
  };
}

function conditions(filter: AttemptFilter): Conditions {
  const where = new Conditions();
  addAttemptFilter(where, filter);
  addMessageFilter(where, filter);
  if (filter.batchSeq !== undefined) where.add("t.batch_seq = $batchSeq", { batchSeq: filter.batchSeq });
  if (filter.before !== undefined) where.add("t.started_at < $before", { before: filter.before });
  if (filter.after !== undefined) where.add("t.started_at > $after", { after: filter.after });
  return where;
}

/** Returns when attempts that started within a window ended, which their numbers encode. */
function endOf({ before, after }: AttemptFilter): TimeWindow {
  return {
    ...(before !== undefined && { before: before + ATTEMPT_MS_MAX }),
    ...(after !== undefined && { after }),
  };
}
