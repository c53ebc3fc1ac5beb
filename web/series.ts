/** Arithmetic of the small curves: one value a second, oldest first. */

export const SAMPLES_MAX = 60;
/** A rate is the mean over this many seconds: short enough to move, long enough not to flicker. */
const RATE_WINDOW = 5;

/** The last `SAMPLES_MAX` samples with this one behind them. */
export function withSample<T>(before: readonly T[], sample: T): readonly T[] {
  return [...before.slice(1 - SAMPLES_MAX), sample];
}

/** How much a growing total grew from each second to the next; never negative. */
export function growth(totals: readonly number[]): number[] {
  return totals.slice(1).map((total, at) => Math.max(0, total - totals[at]!));
}

/** Growth per second over the last seconds. */
export function rate(totals: readonly number[]): number {
  const recent = growth(totals).slice(-RATE_WINDOW);
  return recent.length === 0 ? 0 : recent.reduce((sum, step) => sum + step, 0) / recent.length;
}
