import { afterAttempt, shouldDisable } from "./health.ts";
import type { FailureReason, Outcome } from "./outcome.ts";
import { nextWaitMs, type RetryPolicy } from "./retry.ts";

export type DeliveryState = "pending" | "delivered" | "dead" | "cancelled";

/** Where each state may go. Dead letters come back by redrive, everything that has ended by resend. */
export const transitions: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  pending: ["delivered", "dead", "cancelled"],
  delivered: ["pending"],
  dead: ["pending", "cancelled"],
  cancelled: ["pending"],
};

export function canMove(from: DeliveryState, to: DeliveryState): boolean {
  return transitions[from].includes(to);
}

/** What the decision needs to know beside the outcome. */
export interface DeliveryContext {
  /** Failed attempts of this round before this one. */
  readonly attempts: number;
  readonly retry: RetryPolicy;
  /** The endpoint's, before this attempt. */
  readonly failingSince: number | null;
  /** 0 = never. */
  readonly disableAfterMs: number;
}

export type NextState =
  | { readonly state: "delivered" }
  /** `attempts` counts this one; the next is due `waitMs` from now. */
  | { readonly state: "pending"; readonly attempts: number; readonly waitMs: number }
  | { readonly state: "dead"; readonly reason: FailureReason };

export interface Decision {
  readonly next: NextState;
  /** The endpoint's, after this attempt. */
  readonly failingSince: number | null;
  /** Is the endpoint to be disabled, and why? Its other pending deliveries then become dead letters (`disabled`). */
  readonly disable: null | "gone" | "failing";
}

/** What an attempt's outcome makes of its delivery and of the endpoint. Total; chance comes in as `random01`. */
export function decide(context: DeliveryContext, outcome: Outcome, nowMs: number, random01: number): Decision {
  const failingSince = afterAttempt(context.failingSince, outcome.success, nowMs);
  const { reason } = outcome;
  if (reason === null) return { next: { state: "delivered" }, failingSince, disable: null };
  if (outcome.gone) return { next: { state: "dead", reason: "gone" }, failingSince, disable: "gone" };

  const attempts = context.attempts + 1;
  const waitMs = nextWaitMs(context.retry, attempts, outcome.retryAfterMs, random01);
  const disable = shouldDisable(failingSince, nowMs, context.disableAfterMs) ? "failing" : null;
  if (waitMs === null) return { next: { state: "dead", reason }, failingSince, disable };
  // It had attempts left, so what ended it is the disabling.
  if (disable !== null) return { next: { state: "dead", reason: "disabled" }, failingSince, disable };
  return { next: { state: "pending", attempts, waitMs }, failingSince, disable };
}
