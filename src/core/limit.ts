/** A token bucket as a plain value: the number of tokens left at the time `at` (ms). */
export interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

export interface Taken {
  readonly bucket: Bucket;
  readonly taken: boolean;
  /** Whole ms until a token is available; 0 if a token was taken. */
  readonly waitMs: number;
}

/** Sums of fractions of a token fall short of 1 by rounding errors; this shortfall is tolerated. */
const ROUNDING = 1e-6;

/**
 * Returns the capacity of a bucket: a tenth of a second's worth of tokens, so that a late timer
 * costs no throughput. In any window of t seconds at most `burst + rate · t` tokens are taken. Up
 * to 10/s that is `rate + 1` in any second.
 */
export function burst(ratePerSecond: number): number {
  return Math.max(1, Math.ceil(ratePerSecond / 10));
}

export function fullBucket(ratePerSecond: number, now: number): Bucket {
  return { tokens: burst(ratePerSecond), at: now };
}

/**
 * Takes one token or returns how long to wait: `refill`, `waitMs` and `spend` in one call.
 * `ratePerSecond` is above 0 and may differ between calls. If the clock steps back, the step adds
 * no tokens and the bucket continues to fill from the new time.
 */
export function take(bucket: Bucket, ratePerSecond: number, now: number): Taken {
  const refilled = refill(bucket, ratePerSecond, now);
  const wait = waitMs(refilled, ratePerSecond);
  return { bucket: wait > 0 ? refilled : spend(refilled), taken: wait === 0, waitMs: wait };
}

/** Returns the bucket with the tokens added up to `now`. */
export function refill({ tokens, at }: Bucket, ratePerSecond: number, now: number): Bucket {
  const elapsedMs = Math.max(0, now - at);
  return { tokens: Math.min(burst(ratePerSecond), tokens + (elapsedMs * ratePerSecond) / 1000), at: now };
}

/**
 * Returns the whole ms until a bucket that was just refilled holds `wanted` tokens; 0 if it already
 * holds them.
 */
export function waitMs({ tokens }: Bucket, ratePerSecond: number, wanted = 1): number {
  return tokens >= wanted - ROUNDING ? 0 : Math.ceil(((wanted - ROUNDING / 2 - tokens) * 1000) / ratePerSecond);
}

/** Returns the bucket with one token less. The bucket must hold at least one token. */
export function spend({ tokens, at }: Bucket): Bucket {
  return { tokens: Math.max(0, tokens - 1), at };
}
