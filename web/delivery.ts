import type { DeliveryState, Destination } from "../src/api/types.ts";

/**
 * The state of a delivery. The API has the numbers of the Svix API, which tell how the latest attempt went: while another one
 * is to come, the delivery is pending all the same; and one that ended without a reason was cancelled.
 */
export function stateOf({
  status,
  reason,
  nextAttempt,
}: Pick<Destination, "status" | "reason" | "nextAttempt">): DeliveryState {
  if (status === 0) return "delivered";
  if (status === 1 || status === 3 || nextAttempt) return "pending";
  return status === 2 && reason !== null ? "dead" : "cancelled";
}
