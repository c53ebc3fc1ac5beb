import type { EndpointMessage, EndpointMessageFilter, Message } from "../index.ts";
import type { DeliveryAttempts } from "./delivery-attempts.ts";
import { type DeliveryRow, STATE, toDelivery } from "./delivery-row.ts";

/** The columns of the delivery `d` beside those of its message. */
export const BESIDE_MESSAGE_COLUMNS = `d.seq AS "deliverySeq", d.endpoint_seq AS "endpointSeq", d.state, d.reason,
  d.due_at AS "dueAt", d.attempts_total AS "attemptsTotal"`;

export interface BesideMessage {
  readonly deliverySeq: number;
  readonly endpointSeq: number;
  readonly state: number;
  readonly reason: string | null;
  readonly dueAt: number;
  readonly attemptsTotal: number;
}

const ENDED = "d.state >= 2";
const RETRIED = "d.state = 0 AND d.attempts_total > 0";

type Status = NonNullable<EndpointMessageFilter["status"]>;

/** Returns the conditions of each status on the delivery `d`. */
export function statusConditions({ hasSucceeded }: DeliveryAttempts): Readonly<Record<Status, string>> {
  // True if the delivery succeeded in an earlier round. Skips the subquery for a delivery in its first round.
  const arrivedBefore = `d.round > 0 AND ${hasSucceeded}`;
  return {
    delivered: `(d.state = ${STATE.delivered} OR (${arrivedBefore}))`,
    waiting: `d.state = ${STATE.pending} AND d.attempts_total = 0`,
    failed: `${ENDED} AND NOT (${arrivedBefore})`,
    retrying: RETRIED,
    cancelled: `${ENDED} AND d.state = ${STATE.cancelled}`,
  };
}

/**
 * Statuses that few deliveries have and that have an index. Deliveries with other statuses are
 * found through the application's messages.
 */
export const RARE: Readonly<Partial<Record<Status, string>>> = {
  failed: ENDED,
  retrying: RETRIED,
  cancelled: ENDED,
};

export function toEndpointMessage(
  message: Message,
  { deliverySeq, endpointSeq, state, reason, dueAt, attemptsTotal }: BesideMessage,
): EndpointMessage {
  const delivery: DeliveryRow = {
    seq: deliverySeq,
    messageSeq: message.seq,
    endpointSeq,
    state,
    reason,
    dueAt,
    attemptsTotal,
  };
  return { seq: message.seq, message, delivery: toDelivery(delivery) };
}
