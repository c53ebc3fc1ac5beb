import type { Seq } from "./id.ts";

/**
 * Time series: counts of an environment, an application or an endpoint in buckets of equal length.
 * Durations are counted in classes, so that percentiles of any period can be estimated.
 */

/** Length of the shortest buckets, in ms. Only environments have them. */
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** How long buckets are kept, in ms. */
export const MINUTES_KEPT_MS = 3 * 24 * HOUR_MS;
export const HOURS_KEPT_MS = 100 * 24 * HOUR_MS;

/** Upper bounds of the classes of durations, in ms. The last class has no upper bound. */
export const DURATION_BOUNDS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000,
] as const;

export interface Counts {
  /** Number of accepted messages. */
  readonly accepted: number;
  /** Number of attempts. */
  readonly attempts: number;
  /** Number of attempts that failed. */
  readonly failed: number;
  /** Number of deliveries that succeeded. */
  readonly delivered: number;
  /** Number of deliveries that became dead letters. */
  readonly dead: number;
  /** Number of attempts in each class of durations. Empty means that there were none. */
  readonly durations: readonly number[];
}

/** The counts of one bucket. */
export interface SeriesRow extends Counts {
  /** The environment, application or endpoint. */
  readonly scopeSeq: Seq;
  readonly stepMs: number;
  /** Start of the bucket, in ms since the Unix epoch; a multiple of `stepMs`. */
  readonly startAt: number;
}

export const NO_COUNTS: Counts = { accepted: 0, attempts: 0, failed: 0, delivered: 0, dead: 0, durations: [] };

/** Returns the start of the bucket that contains `at`. */
export function bucketStart(at: number, stepMs: number): number {
  return Math.floor(at / stepMs) * stepMs;
}

/** Returns the class of a duration, as an index into `durations`. */
export function durationClass(ms: number): number {
  const found = DURATION_BOUNDS_MS.findIndex((bound) => ms <= bound);
  return found < 0 ? DURATION_BOUNDS_MS.length : found;
}

export function sumOfCounts(a: Counts, b: Counts): Counts {
  return {
    accepted: a.accepted + b.accepted,
    attempts: a.attempts + b.attempts,
    failed: a.failed + b.failed,
    delivered: a.delivered + b.delivered,
    dead: a.dead + b.dead,
    durations: sumOfDurations(a.durations, b.durations),
  };
}

function sumOfDurations(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0) + (b[i] ?? 0));
}

/**
 * Estimates a percentile of the durations, in ms; `share` is 0.95 for the 95th. Interpolates within
 * the class, so the error is at most the width of the class. Returns the lower bound of the last
 * class for durations beyond it, and null if there are no durations.
 */
export function percentile(durations: readonly number[], share: number): number | null {
  const total = durations.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = share * total;
  let below = 0;
  for (const [index, count] of durations.entries()) {
    if (count === 0 || below + count < rank) {
      below += count;
      continue;
    }
    const from = index === 0 ? 0 : DURATION_BOUNDS_MS[index - 1]!;
    const to = DURATION_BOUNDS_MS[index] ?? from;
    return from + (to - from) * ((rank - below) / count);
  }
  return null;
}
