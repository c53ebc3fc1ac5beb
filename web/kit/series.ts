/** Calculations for the sparklines. Each series has one value per second, oldest first. */

export const SAMPLES_MAX = 60;
/**
 * Number of seconds over which rates are averaged: short enough to react, long enough not to
 * flicker.
 */
const RATE_WINDOW = 5;

/** Appends a sample and keeps the latest `SAMPLES_MAX`. */
export function withSample<T>(before: readonly T[], sample: T): readonly T[] {
  return [...before.slice(1 - SAMPLES_MAX), sample];
}

/** Returns the increase of a total in each second. An increase is never negative. */
export function growth(totals: readonly number[]): number[] {
  return totals.slice(1).map((total, at) => Math.max(0, total - totals[at]!));
}

/** Returns the mean increase per second over the last few seconds. */
export function rate(totals: readonly number[]): number {
  const recent = growth(totals).slice(-RATE_WINDOW);
  return recent.length === 0 ? 0 : recent.reduce((sum, step) => sum + step, 0) / recent.length;
}
