/** A token bucket as a plain value: how many starts are left, and when that was so (ms). */
export interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

export interface Taken {
  readonly bucket: Bucket;
  readonly taken: boolean;
  /** Whole ms until a token is there; 0 when one was taken. */
  readonly waitMs: number;
}

/** Sums of fractions of a token fall short of 1 by rounding errors; this much short is enough. */
const ROUNDING = 1e-6;

/**
 * The most that may start at once: a tenth of a second's worth, so that a timer that comes late costs no throughput.
 * In any window of t seconds at most `burst + rate · t` start; up to 10/s that is `rate + 1` in any second.
 */
export function burst(ratePerSecond: number): number {
  return Math.max(1, Math.ceil(ratePerSecond / 10));
}

/** A bucket that nothing has been taken from. */
export function fullBucket(ratePerSecond: number, now: number): Bucket {
  return { tokens: burst(ratePerSecond), at: now };
}

/**
 * Takes one token, or says how long to wait: `refill`, `waitMs` and `spend` in one. `ratePerSecond` is above 0 and may differ from the call before. When the
 * clock steps back, the time until it is where it was counts for nothing, but filling goes on from there at once.
 */
export function take(bucket: Bucket, ratePerSecond: number, now: number): Taken {
  const refilled = refill(bucket, ratePerSecond, now);
  const wait = waitMs(refilled, ratePerSecond);
  return { bucket: wait > 0 ? refilled : spend(refilled), taken: wait === 0, waitMs: wait };
}

/** The bucket at this moment. */
export function refill({ tokens, at }: Bucket, ratePerSecond: number, now: number): Bucket {
  const elapsedMs = Math.max(0, now - at);
  return { tokens: Math.min(burst(ratePerSecond), tokens + (elapsedMs * ratePerSecond) / 1000), at: now };
}

/** Whole ms until a bucket that was refilled just now has had so many tokens to give; 0 when it has them. */
export function waitMs({ tokens }: Bucket, ratePerSecond: number, wanted = 1): number {
  return tokens >= wanted - ROUNDING ? 0 : Math.ceil(((wanted - ROUNDING / 2 - tokens) * 1000) / ratePerSecond);
}

/** The bucket less a token that it has. */
export function spend({ tokens, at }: Bucket): Bucket {
  return { tokens: Math.max(0, tokens - 1), at };
}
