import type { FailureReason, Outcome } from "./outcome.ts";
import { nextWaitMs, type RetryPolicy } from "./retry.ts";

export type DeliveryState = "pending" | "delivered" | "dead" | "cancelled";

/**
 * Allowed transitions between states. A redrive returns dead letters to `pending`; a resend does so
 * for every delivery that has ended.
 */
export const transitions: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  pending: ["delivered", "dead", "cancelled"],
  delivered: ["pending"],
  dead: ["pending", "cancelled"],
  cancelled: ["pending"],
};

export function canMove(from: DeliveryState, to: DeliveryState): boolean {
  return transitions[from].includes(to);
}

/** State of the delivery that a decision needs besides the outcome. */
export interface DeliveryContext {
  /** Failed attempts of this round before this one. */
  readonly attempts: number;
  readonly retry: RetryPolicy;
}

export type NextState =
  | { readonly state: "delivered" }
  /** `attempts` includes this one. The next attempt is due in `waitMs`. */
  | { readonly state: "pending"; readonly attempts: number; readonly waitMs: number }
  | { readonly state: "dead"; readonly reason: FailureReason };

const delivered: NextState = { state: "delivered" };

/**
 * Decides the next state of a delivery after an attempt. Never throws. `random01` is the only source
 * of randomness.
 */
export function decide(context: DeliveryContext, outcome: Outcome, random01: number): NextState {
  const { reason } = outcome;
  if (reason === null) return delivered;
  if (outcome.gone) return { state: "dead", reason: "gone" };
  const attempts = context.attempts + 1;
  const waitMs = nextWaitMs(context.retry, attempts, outcome.retryAfterMs, random01);
  return waitMs === null ? { state: "dead", reason } : { state: "pending", attempts, waitMs };
}

/**
 * Returns the next state of a delivery if the same attempt disables its endpoint. A delivery that
 * had attempts left ends because the endpoint is disabled.
 */
export function nextAtDisabledEndpoint<T extends { readonly state: DeliveryState }>(
  next: T,
): T | { readonly state: "dead"; readonly reason: "disabled" } {
  return next.state === "pending" ? { state: "dead", reason: "disabled" } : next;
}
