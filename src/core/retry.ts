import { retryAfterMsMax } from "./outcome.ts";

/** How often and how soon a failed delivery is retried. */
export interface RetryPolicy {
  /**
   * The wait after each failed attempt, in ms. n waits allow n + 1 attempts; an empty list allows
   * one.
   */
  readonly scheduleMs: readonly number[];
  /** Maximum random addition to each wait, as a fraction of the wait from 0 to 1. */
  readonly jitter: number;
}

/**
 * Returns the wait in ms after failure number `failedAttempts` (≥ 1) in this round, or null if the
 * schedule is used up.
 *
 * Jitter only lengthens the wait, so nothing is sent earlier than scheduled. `retryAfterMs` can
 * also only lengthen the wait, up to a day, and never adds an attempt.
 *
 * Example: with `5s,5m`, jitter 0.2 and random 0.5 the waits are 5,500 and 330,000, then null.
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
