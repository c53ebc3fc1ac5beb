import type { FailureReason, Outcome } from "./outcome.ts";
import { nextWaitMs, type RetryPolicy } from "./retry.ts";

/**
 * The state of a delivery. `src/README.md` lists the transitions. The store's test suite
 * `transitions` checks them.
 */
export type DeliveryState = "pending" | "delivered" | "dead" | "cancelled";

/**
 * Name of the stored value that exists while all deliveries are held: the time at which they were
 * held.
 */
export const deliveryHeldMeta = "delivery-held";

/** The part of a delivery's state that a decision depends on, in addition to the outcome. */
export interface DeliveryContext {
  /** Number of failed attempts in this round before the current one. */
  readonly attempts: number;
  readonly retry: RetryPolicy;
}

export type NextState =
  | { readonly state: "delivered" }
  | { readonly state: "cancelled" }
  /** `attempts` includes the current attempt. The next attempt is due in `waitMs`. */
  | { readonly state: "pending"; readonly attempts: number; readonly waitMs: number }
  | { readonly state: "dead"; readonly reason: FailureReason };

/**
 * Number of attempts in a round after which a blocked delivery is dead, regardless of its schedule.
 * Only a change of DNS records or settings unblocks an address, so more attempts would only hide
 * the problem.
 */
const blockedAttemptsMax = 2;

const delivered: NextState = { state: "delivered" };

/**
 * Decides the next state of a delivery after an attempt. Never throws. `random01` is a random
 * number from 0 to 1 and the only source of randomness.
 */
export function decide(context: DeliveryContext, outcome: Outcome, random01: number): NextState {
  const { reason } = outcome;
  if (reason === null) return delivered;
  if (outcome.gone) return { state: "dead", reason: "gone" };
  const attempts = context.attempts + 1;
  if (reason === "blocked" && attempts >= blockedAttemptsMax) return { state: "dead", reason };
  const waitMs = nextWaitMs(context.retry, attempts, outcome.retryAfterMs, random01);
  return waitMs === null ? { state: "dead", reason } : { state: "pending", attempts, waitMs };
}

/**
 * Returns the next state of a delivery whose attempt disables the endpoint. A delivery that would
 * otherwise be retried becomes dead.
 */
export function nextAtDisabledEndpoint<T extends { readonly state: DeliveryState }>(
  next: T,
): T | { readonly state: "dead"; readonly reason: "disabled" } {
  return next.state === "pending" ? { state: "dead", reason: "disabled" } : next;
}
