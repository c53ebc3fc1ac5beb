/**
 * A steady pace as a plain value: the time up to which items were counted (ms), and the fraction of
 * an item that was due at that time.
 */
export interface Pace {
  readonly at: number;
  readonly owed: number;
}

export interface Advanced {
  /** Number of items to process now, at most `stepMax`. */
  readonly count: number;
  readonly pace: Pace;
}

export interface PaceLimits {
  /**
   * Maximum time between two steps, in ms. It is exceeded only if the rate is less than one item in
   * this time.
   */
  readonly stepMsMax: number;
  /** Maximum number of items in one step. */
  readonly stepMax: number;
}

/**
 * The part of an item that may be missing. Because of rounding errors, fractions may add up to
 * slightly less than a whole number.
 */
const ROUNDING = 1e-6;

/**
 * Returns the time between two steps, in whole ms, for a rate above 0 per second. It is
 * `stepMsMax`, but less if a step would exceed half of `stepMax`, and more if a step would contain
 * less than one item.
 */
export function stepMs(ratePerSecond: number, { stepMsMax, stepMax }: PaceLimits): number {
  const ofOneMs = Math.ceil(1000 / ratePerSecond);
  return Math.max(ofOneMs, Math.min(stepMsMax, Math.floor((stepMax * 500) / ratePerSecond)), 1);
}

/** Returns a pace whose first step is due immediately. */
export function paceFrom(now: number, ratePerSecond: number, limits: PaceLimits): Pace {
  return { at: now - stepMs(ratePerSecond, limits), owed: 0 };
}

/**
 * Returns the number of items that are due at `now`. A step after a delay is larger, up to twice
 * the normal size. The rest of a longer delay is ignored, so that no burst follows an interruption.
 * If the clock steps back, the pace continues from the new time.
 */
export function advance({ at, owed }: Pace, ratePerSecond: number, now: number, limits: PaceLimits): Advanced {
  const elapsedMs = Math.min(Math.max(0, now - at), 2 * stepMs(ratePerSecond, limits));
  const due = owed + (elapsedMs * ratePerSecond) / 1000;
  const count = Math.min(limits.stepMax, Math.max(0, Math.floor(due + ROUNDING)));
  return { count, pace: { at: now, owed: Math.min(1, due - count) } };
}
