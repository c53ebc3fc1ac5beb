import type { Seq } from "../../../core/id.ts";
import type { History } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import {
  NEXT_MESSAGE_COLUMNS,
  REPLAYABLE_COLUMNS,
  type ReplayableRow,
  replayConditions,
  toReplayable,
} from "../../sql/replay-conditions.ts";
import type { Database } from "../connection/database.ts";
import { HORIZON } from "../instances/horizon.ts";
import { DELIVERY_ATTEMPTS } from "./delivery-attempts.ts";
import { addMessageFilter } from "./messages.ts";

/**
 * Selects the application's next messages, whether or not they match, so that every step costs the
 * same. A replay must not pass a message that another instance commits later.
 */
const NEXT_MESSAGES = `SELECT ${NEXT_MESSAGE_COLUMNS} FROM message
  WHERE application_seq = $applicationSeq AND seq > $from AND seq < $to AND seq <= ${HORIZON} ORDER BY seq LIMIT $limit`;

/** The delivery of the message `m` to the endpoint, in whatever state. */
const DELIVERY = `SELECT seq, ${STATE.pending} AS state, round, attempts, attempts_total, trigger, NULL::bigint AS ended_at
    FROM pending WHERE message_seq = m.seq AND endpoint_seq = $endpointSeq
  UNION ALL SELECT seq, state, round, 0, attempts_total, 0, ended_at
    FROM ended WHERE message_seq = m.seq AND endpoint_seq = $endpointSeq`;

/** Finds the messages of a replay. */
export function replayable(database: Database): History["replayable"] {
  return async (order, limit) => {
    const { applicationSeq, endpointSeq, from, to } = order;
    const range = { applicationSeq, from, to, limit };
    const walked = await database.first<{ count: number; last: Seq | null; isEnd: boolean }>(
      `SELECT count(*) AS count, max(seq) AS last, ${HORIZON} >= $to AS "isEnd" FROM (${NEXT_MESSAGES}) AS next`,
      range,
    );
    const { count, last, isEnd } = walked!;
    // Messages of other instances may still become visible.
    if (last === null) return { rows: [], last: isEnd ? null : from };
    const where = replayConditions(order, DELIVERY_ATTEMPTS);
    addMessageFilter(where, order);
    const rows = await database.all<ReplayableRow>(
      `SELECT ${REPLAYABLE_COLUMNS} FROM (${NEXT_MESSAGES}) AS m LEFT JOIN LATERAL (${DELIVERY}) AS d ON true
       WHERE m.seq <= $last${where.sql} ORDER BY m.seq`,
      { ...range, endpointSeq, last, ...where.values },
    );
    return { rows: rows.map(toReplayable), last: count < limit && isEnd ? null : last };
  };
}
