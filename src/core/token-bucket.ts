/** A token bucket as a plain value: the number of tokens at the time `at` (ms). */
export interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

export interface Taken {
  readonly bucket: Bucket;
  readonly taken: boolean;
  /** Time until a token is available, in whole ms; 0 if a token was taken. */
  readonly waitMs: number;
}

/**
 * The part of a token that may be missing. Because of rounding errors, fractions may add up to
 * slightly less than 1.
 */
const ROUNDING = 1e-6;

/**
 * Returns the capacity of a bucket: the tokens added in a tenth of a second, so that a late timer
 * does not reduce the throughput. In any window of t seconds at most `burst + rate · t` tokens are
 * taken. For rates up to 10/s that is `rate + 1` in any second.
 */
export function burst(ratePerSecond: number): number {
  return Math.max(1, Math.ceil(ratePerSecond / 10));
}

export function fullBucket(ratePerSecond: number, now: number): Bucket {
  return { tokens: burst(ratePerSecond), at: now };
}

/**
 * Takes one token or returns how long to wait. This combines `refill`, `waitMs` and `spend`.
 * `ratePerSecond` is above 0 and may differ between calls. `capacity` is at least 1. If the clock
 * steps back, no tokens are added, and the bucket continues to fill from the new time.
 */
export function take(
  bucket: Bucket,
  ratePerSecond: number,
  now: number,
  capacity: number = burst(ratePerSecond),
): Taken {
  const refilled = refill(bucket, ratePerSecond, now, capacity);
  const wait = waitMs(refilled, ratePerSecond);
  return { bucket: wait > 0 ? refilled : spend(refilled), taken: wait === 0, waitMs: wait };
}

/** Returns the bucket after adding the tokens for the time up to `now`. */
export function refill(
  { tokens, at }: Bucket,
  ratePerSecond: number,
  now: number,
  capacity: number = burst(ratePerSecond),
): Bucket {
  const elapsedMs = Math.max(0, now - at);
  return { tokens: Math.min(capacity, tokens + (elapsedMs * ratePerSecond) / 1000), at: now };
}

/**
 * Returns the time, in whole ms, until a bucket that was just refilled contains `wanted` tokens; 0
 * if it already contains them.
 */
export function waitMs({ tokens }: Bucket, ratePerSecond: number, wanted = 1): number {
  return tokens >= wanted - ROUNDING ? 0 : Math.ceil(((wanted - ROUNDING / 2 - tokens) * 1000) / ratePerSecond);
}

/** Returns the bucket with one token fewer. The bucket must contain at least one token. */
export function spend({ tokens, at }: Bucket): Bucket {
  return { tokens: Math.max(0, tokens - 1), at };
}
