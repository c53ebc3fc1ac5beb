import type { Settlement } from "../../index.ts";
import type { DeliveryAttempts } from "../../sql/delivery-attempts.ts";
import { isNear, isNearMessage } from "./message-deliveries.ts";

/**
 * Returns whether the delivery is to have the number of the attempt in `success_seq`. Most attempts
 * succeed at once, and are found by the number. The index `attempt_message` has only the others, so
 * most commits do not change its pages. Deliveries far from their message have no such number,
 * because a message may have thousands of them, all of which would be read for its attempts.
 */
export function canBeFoundByDelivery({ attempt, next }: Settlement): boolean {
  return (
    next.state === "delivered" &&
    attempt.reason === null &&
    attempt.trigger === "schedule" &&
    isNearMessage(attempt.deliverySeq, attempt.messageSeq)
  );
}

/** True if the index `attempt_message` has the attempt. SQLite uses the index only for queries with this condition. */
export function isListed(attempt = "attempt"): string {
  return `${attempt}.found_by_delivery IS NULL`;
}

/**
 * Selects the numbers of those attempts of messages from `first` to `last` that are found by their deliveries.
 * Both are expressions in SQL.
 */
function foundByDelivery(first: string, last = first): string {
  return `SELECT d.success_seq AS seq FROM delivery d
    WHERE ${isNear(first, last, "d")} AND d.message_seq BETWEEN ${first} AND ${last}`;
}

/** Selects the numbers of a message's attempts. `messageSeq` is an expression in SQL. */
export function attemptSeqsOf(messageSeq: string): string {
  return `${foundByDelivery(messageSeq)} AND d.success_seq IS NOT NULL
    UNION ALL SELECT a.seq FROM attempt a WHERE a.message_seq = ${messageSeq} AND ${isListed("a")}`;
}

/** Selects the attempts of the message `$owner` from `$from` to before `$to`, in order. */
export function attemptsInOrder(direction: "ASC" | "DESC"): string {
  return `${foundByDelivery("$owner")} AND d.success_seq >= $from AND d.success_seq < $to
    UNION ALL SELECT a.seq FROM attempt a
      WHERE a.message_seq = $owner AND ${isListed("a")} AND a.seq >= $from AND a.seq < $to
    ORDER BY 1 ${direction} LIMIT -1`;
}

const OF_DELIVERY = `a.message_seq = d.message_seq AND ${isListed("a")} AND a.delivery_seq = d.seq`;

/** The number of the latest attempt of the delivery `d`. It is -1 if there is none. */
export const LATEST_ATTEMPT = `MAX(COALESCE(d.success_seq, -1), COALESCE(
  (SELECT a.seq FROM attempt a WHERE ${OF_DELIVERY} ORDER BY a.seq DESC LIMIT 1), -1))`;

export const DELIVERY_ATTEMPTS: DeliveryAttempts = {
  hasSucceeded: `(d.success_seq IS NOT NULL
    OR EXISTS (SELECT 1 FROM attempt a WHERE ${OF_DELIVERY} AND a.reason IS NULL))`,
  latestStatus: `(SELECT t.response_status FROM attempt t WHERE t.seq = ${LATEST_ATTEMPT})`,
};

/**
 * Statements that delete the attempts of messages from `?1` to `?2`. They must run before the
 * deliveries are deleted.
 */
export const DELETE_ATTEMPTS: readonly string[] = [
  `DELETE FROM attempt WHERE seq IN (${foundByDelivery("?1", "?2")} AND d.success_seq IS NOT NULL)`,
  `DELETE FROM attempt WHERE message_seq BETWEEN ?1 AND ?2 AND ${isListed()}`,
];
