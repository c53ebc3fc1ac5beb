import type { Database } from "bun:sqlite";
import type { History, ReplayOrder, ReplayPage } from "../../index.ts";
import type { Bindings } from "../../sql/page.ts";
import {
  NEXT_MESSAGE_COLUMNS,
  REPLAYABLE_COLUMNS,
  type ReplayableRow,
  replayConditions,
  toReplayable,
} from "../../sql/replay-conditions.ts";
import { DELIVERY_ATTEMPTS } from "../indexes/message-attempts.ts";
import { isOfMessageTo } from "../indexes/message-deliveries.ts";
import { addMessageFilter } from "./messages.ts";

/**
 * Selects the application's next messages, whether or not they match, so that every step costs the
 * same.
 */
const NEXT_MESSAGES = `SELECT seq FROM application_messages
  WHERE application_seq = $applicationSeq AND seq > $from AND seq < $to ORDER BY seq LIMIT $limit`;

/** Finds the messages of a replay. */
export function replayable(db: Database): History["replayable"] {
  return async (order, limit) => page(db, order, limit);
}

function page(db: Database, order: ReplayOrder, limit: number): ReplayPage {
  const { applicationSeq, endpointSeq, from, to } = order;
  const range: Bindings = { applicationSeq, from, to, limit };
  const walked = db
    .query<{ count: number; last: number }, [Bindings]>(
      `SELECT COUNT(*) AS count, MAX(seq) AS last FROM (${NEXT_MESSAGES})`,
    )
    .get(range)!;
  const where = replayConditions(order, DELIVERY_ATTEMPTS);
  addMessageFilter(where, order);
  const rows = db
    .query<ReplayableRow, [Bindings]>(
      `SELECT ${REPLAYABLE_COLUMNS}
       FROM (${NEXT_MESSAGES}) listed CROSS JOIN (SELECT ${NEXT_MESSAGE_COLUMNS} FROM message) m ON m.seq = listed.seq
         LEFT JOIN delivery d ON ${isOfMessageTo("m.seq", "$endpointSeq", "d")}
       WHERE 1${where.sql} ORDER BY listed.seq`,
    )
    .all({ ...range, endpointSeq, ...where.values });
  return { rows: rows.map(toReplayable), last: walked.count < limit ? null : walked.last };
}
