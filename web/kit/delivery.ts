import type { DeliveryState, Destination } from "../../src/api/types.ts";

/**
 * Returns the state of a delivery. As in the Svix API, the status is the result of the latest
 * attempt. A delivery that has a next attempt is pending, whatever that result is. A failed
 * delivery without a reason was cancelled.
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
