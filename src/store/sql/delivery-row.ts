import type { FailureReason } from "../../core/outcome.ts";
import type { Delivery, DeliveryState, PendingDelivery, Trigger } from "../index.ts";

/** The values of the column `state`. */
export const STATE = { pending: 0, delivered: 1, dead: 2, cancelled: 3 } as const satisfies Record<
  DeliveryState,
  number
>;
export const STATE_NAMES: readonly DeliveryState[] = ["pending", "delivered", "dead", "cancelled"];

/** The values of the column `trigger`. */
export const TRIGGER = { schedule: 0, manual: 1 } as const satisfies Record<Trigger, number>;
export const TRIGGER_NAMES: readonly Trigger[] = ["schedule", "manual"];

export const DELIVERY_COLUMNS = `seq, message_seq AS "messageSeq", endpoint_seq AS "endpointSeq", state, reason,
  due_at AS "dueAt", attempts_total AS "attemptsTotal"`;

export interface DeliveryRow extends Omit<Delivery, "state" | "reason"> {
  state: number;
  reason: string | null;
}

export function toDelivery(row: DeliveryRow): Delivery {
  return { ...row, state: STATE_NAMES[row.state]!, reason: row.reason as FailureReason | null };
}

/** The columns of a pending delivery. */
export const PENDING_COLUMNS = `seq, message_seq AS "messageSeq", endpoint_seq AS "endpointSeq", position, due_at AS "dueAt",
  attempts, round, trigger, batch_seq AS "batchSeq"`;

export interface PendingRow extends Omit<PendingDelivery, "trigger"> {
  trigger: number | Trigger;
}

/**
 * Replaces the numbers of triggers with their names. Changes the rows in place, because it runs for
 * every delivery.
 */
export function withTriggers<Row extends PendingRow>(
  rows: Row[],
): (Omit<Row, "trigger"> & Pick<PendingDelivery, "trigger">)[] {
  for (const row of rows) row.trigger = TRIGGER_NAMES[row.trigger as number]!;
  return rows as (Omit<Row, "trigger"> & Pick<PendingDelivery, "trigger">)[];
}
