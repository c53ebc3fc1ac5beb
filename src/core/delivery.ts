import { afterAttempt, shouldDisable } from "./health.ts";
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

/** State of the delivery and its endpoint that a decision needs besides the outcome. */
export interface DeliveryContext {
  /** Failed attempts of this round before this one. */
  readonly attempts: number;
  readonly retry: RetryPolicy;
  /** `failingSince` of the endpoint before this attempt. */
  readonly failingSince: number | null;
  /** 0 = never. */
  readonly disableAfterMs: number;
}

export type NextState =
  | { readonly state: "delivered" }
  /** `attempts` includes this one. The next attempt is due in `waitMs`. */
  | { readonly state: "pending"; readonly attempts: number; readonly waitMs: number }
  | { readonly state: "dead"; readonly reason: FailureReason };

export interface Decision {
  readonly next: NextState;
  /** `failingSince` of the endpoint after this attempt. */
  readonly failingSince: number | null;
  /**
   * Why the endpoint must be disabled, or null to keep it enabled. Disabling turns its other
   * pending deliveries into dead letters (`disabled`).
   */
  readonly disable: null | "gone" | "failing";
}

/**
 * Decides the next state of a delivery and of its endpoint after an attempt. Never throws.
 * `random01` is the only source of randomness.
 */
export function decide(context: DeliveryContext, outcome: Outcome, nowMs: number, random01: number): Decision {
  const failingSince = afterAttempt(context.failingSince, outcome.success, nowMs);
  const { reason } = outcome;
  if (reason === null) return { next: { state: "delivered" }, failingSince, disable: null };
  if (outcome.gone) return { next: { state: "dead", reason: "gone" }, failingSince, disable: "gone" };

  const attempts = context.attempts + 1;
  const waitMs = nextWaitMs(context.retry, attempts, outcome.retryAfterMs, random01);
  const disable = shouldDisable(failingSince, nowMs, context.disableAfterMs) ? "failing" : null;
  if (waitMs === null) return { next: { state: "dead", reason }, failingSince, disable };
  // The delivery had attempts left, so the reason for its end is that the endpoint is disabled.
  if (disable !== null) return { next: { state: "dead", reason: "disabled" }, failingSince, disable };
  return { next: { state: "pending", attempts, waitMs }, failingSince, disable };
}
