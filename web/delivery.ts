import type { DeliveryState, Destination } from "../src/api/types.ts";

/**
 * Returns the state of a delivery. The status in the API is the result of the latest attempt, as in
 * the Svix API. A delivery with a next attempt is pending whatever that result, and a failed one
 * without a reason was cancelled.
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
