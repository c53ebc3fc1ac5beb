import { retryAfterMsMax } from "./outcome.ts";

/** How often and how soon a delivery is tried again. */
export interface RetryPolicy {
  /** The wait after each failed attempt; n waits are n + 1 attempts, none is a single attempt. */
  readonly scheduleMs: readonly number[];
  /** Share of each wait that chance may add, 0 to 1. */
  readonly jitter: number;
}

/**
 * How long to wait after the `failedAttempts`th (≥ 1) failure of this round; null when the schedule is used up.
 *
 * Jitter only adds, so nothing is sent earlier than the schedule says. `retryAfterMs` lengthens the wait (up to a day)
 * and never shortens it, and it buys no attempt beyond the schedule.
 *
 * With `5s,5m`, jitter 0.2 and random 0.5: 5 500, 330 000, null.
 */
export function nextWaitMs(
  policy: RetryPolicy,
  failedAttempts: number,
  retryAfterMs: number | null,
  random01: number,
): number | null {
  const scheduledMs = policy.scheduleMs[failedAttempts - 1];
  if (scheduledMs === undefined) return null;
  const waitMs = Math.ceil(scheduledMs * (1 + policy.jitter * random01));
  return Math.max(waitMs, Math.min(retryAfterMs ?? 0, retryAfterMsMax));
}
