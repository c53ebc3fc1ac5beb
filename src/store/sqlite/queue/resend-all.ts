import type { Database } from "bun:sqlite";
import type { DeliveryWas } from "../../../core/fact.ts";
import type { Queue, Resent } from "../../index.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { Committer } from "../commit/commit.ts";
import { taskUpdate } from "../housekeeping/tasks.ts";
import { isOfMessageTo } from "../indexes/message-deliveries.ts";
import type { Stretches } from "../indexes/stretches.ts";
import { lateDelivery } from "./deliveries.ts";
import { positionKeeper } from "./last-position.ts";

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

/** Sends messages of a replay to an endpoint. */
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
     WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE ${isOfMessageTo("?2", "?3")})
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
