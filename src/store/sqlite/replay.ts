import type { Database } from "bun:sqlite";
import type { DeliveryWas } from "../../core/fact.ts";
import type { History, Queue, Replayable, ReplayOrder, ReplayPage, Resent } from "../index.ts";
import { addResponseClass } from "../sql/attempt-filter.ts";
import { STATE, STATE_NAMES, TRIGGER } from "../sql/delivery-row.ts";
import { type Bindings, Conditions } from "../sql/page.ts";
import { parsedOrNull } from "../sql/rows.ts";
import type { Committer } from "./commit.ts";
import { lateDelivery } from "./deliveries.ts";
import { positionKeeper } from "./last-position.ts";
import { addMessageFilter } from "./messages.ts";
import type { Stretches } from "./stretches.ts";
import { taskUpdate } from "./tasks.ts";

/**
 * Selects the application's next messages, whether or not they match, so that every step costs the
 * same.
 */
const NEXT_MESSAGES = `SELECT seq, event_type, channels, tags, deliver_at, payload IS NOT NULL AS kept FROM message
  WHERE application_seq = $applicationSeq AND seq > $from AND seq < $to ORDER BY seq LIMIT $limit`;

/**
 * The delivery ended before the request. If it ended later than now, the clock has been set back
 * since, so it ended before the request too.
 */
const ENDED_BEFORE = "(d.ended_at <= $askedAt OR d.ended_at > $now)";
/** The message was not scheduled, or was due at the request and is due now. */
const DUE = "(m.deliver_at IS NULL OR m.deliver_at <= MIN($askedAt, $now))";
const SUCCEEDED =
  "EXISTS (SELECT 1 FROM attempt t WHERE t.message_seq = m.seq AND t.delivery_seq = d.seq AND t.reason IS NULL)";
const LATEST_RESPONSE = `(SELECT t.response_status FROM attempt t WHERE t.message_seq = m.seq AND t.delivery_seq = d.seq
  ORDER BY t.seq DESC LIMIT 1)`;

/**
 * A delivery that has just been resent matches none of these conditions, so repeating a step sends
 * nothing twice.
 */
const WHICH: Readonly<Record<ReplayOrder["which"], string>> = {
  failed: `((d.state = ${STATE.dead} AND ${ENDED_BEFORE}) OR (d.state = ${STATE.pending} AND d.attempts > 0)) AND NOT ${SUCCEEDED}`,
  missing: `(d.seq IS NULL OR (d.state = ${STATE.dead} AND d.attempts_total = 0 AND ${ENDED_BEFORE}))
    AND ${DUE}`,
  sent: `((d.state <> ${STATE.pending} AND ${ENDED_BEFORE}) OR (d.state = ${STATE.pending} AND d.attempts > 0))`,
};

const SENT_WITH: Readonly<Record<NonNullable<ReplayOrder["status"]>, string>> = {
  delivered: `d.state = ${STATE.delivered} AND ${ENDED_BEFORE}`,
  waiting: `d.state = ${STATE.pending} AND d.attempts_total = 0 AND d.trigger = ${TRIGGER.schedule} AND ${DUE}`,
  failed: `d.state = ${STATE.dead} AND ${ENDED_BEFORE}`,
  retrying: `d.state = ${STATE.pending} AND d.attempts > 0`,
  cancelled: `d.state = ${STATE.cancelled} AND ${ENDED_BEFORE}`,
};

function conditions(order: ReplayOrder): Conditions {
  const where = new Conditions().add("m.kept");
  const { which, status, responseClass, askedAt, now } = order;
  where.add(which === "sent" && status !== undefined ? SENT_WITH[status] : WHICH[which], { askedAt, now });
  addResponseClass(where, LATEST_RESPONSE, responseClass);
  addMessageFilter(where, order);
  return where;
}

interface Row {
  messageSeq: number;
  eventType: string;
  channels: string | null;
  seq: number | null;
  state: number;
  round: number;
}

function toReplayable({ messageSeq, eventType, channels, seq, state, round }: Row): Replayable {
  const delivery = seq === null ? null : { seq, state: STATE_NAMES[state]!, round };
  return { messageSeq, eventType, channels: parsedOrNull<string[]>(channels), delivery };
}

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
  const where = conditions(order);
  const rows = db
    .query<Row, [Bindings]>(
      `SELECT m.seq AS messageSeq, m.event_type AS eventType, m.channels, d.seq, d.state, d.round
       FROM (${NEXT_MESSAGES}) m LEFT JOIN delivery d ON d.message_seq = m.seq AND d.endpoint_seq = $endpointSeq
       WHERE 1${where.sql} ORDER BY m.seq`,
    )
    .all({ ...range, endpointSeq, ...where.values });
  return { rows: rows.map(toReplayable), last: walked.count < limit ? null : walked.last };
}

/**
 * True if the endpoint accepts deliveries. The statement checks this again, because the endpoint
 * may have been disabled or deleted since the message was found.
 */
const TAKES = (endpointSeq: string) =>
  `EXISTS (SELECT 1 FROM endpoint WHERE seq = ${endpointSeq} AND disabled = 0 AND deleted_at IS NULL)`;
/**
 * True if the payload exists. The statement checks this again, because the payload may have been
 * expunged since the message was found.
 */
const IS_KEPT = (messageSeq: string) =>
  `EXISTS (SELECT 1 FROM message WHERE seq = ${messageSeq} AND payload IS NOT NULL)`;

export function resendAllVerb(db: Database, committer: Committer, stretches: Stretches): Queue["resendAll"] {
  const markLate = lateDelivery(db, stretches);
  const again = db.prepare(
    `UPDATE delivery SET due_at = ?3, attempts = 0, round = round + 1, trigger = 1, reason = NULL, ended_at = NULL, state = 0,
       batch_seq = NULL,
       position = CASE WHEN state = 0 AND (SELECT fifo FROM endpoint WHERE seq = endpoint_seq) = 1 THEN position ELSE ?2 END
     WHERE seq = ?1 AND state = ?4 AND round = ?5 AND ${TAKES("endpoint_seq")} AND ${IS_KEPT("message_seq")}`,
  );
  const insert = db.prepare(
    `INSERT INTO delivery (seq, message_seq, endpoint_seq, state, position, due_at, attempts, attempts_total, round, trigger)
     SELECT ?1, ?2, ?3, 0, ?1, ?4, 0, 0, 0, 1
     WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE message_seq = ?2 AND endpoint_seq = ?3)
       AND ${TAKES("?3")} AND ${IS_KEPT("?2")}`,
  );
  const storeTask = taskUpdate(db);
  const keepPosition = positionKeeper(db);

  return (endpointSeq, rows, { first, now }, progress) =>
    committer.write((): Resent => {
      const resent: Record<DeliveryWas, number> = { none: 0, pending: 0, delivered: 0, dead: 0, cancelled: 0 };
      rows.forEach(({ messageSeq, delivery }, index) => {
        const position = first + index;
        const { changes } =
          delivery === null
            ? insert.run(position, messageSeq, endpointSeq, now)
            : again.run(delivery.seq, position, now, STATE[delivery.state], delivery.round);
        if (delivery === null && changes === 1) markLate(messageSeq, endpointSeq);
        resent[delivery?.state ?? "none"] += changes;
      });
      keepPosition(first + rows.length - 1);
      storeTask(progress(resent));
      return resent;
    }, rows.length);
}
