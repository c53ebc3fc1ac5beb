/** Figures of the runs and what follows from them. Pure. */

/** What one run of one target came to. */
export interface Run {
  readonly target: string;
  readonly round: number;
  /** Messages that the target says it has accepted. */
  readonly accepted: number;
  /** Messages that the load generator saw answered 2xx; some of its last ones it no longer waits for. */
  readonly answered: number;
  /** Requests that were refused or got no answer. */
  readonly failed: number;
  /** Deliveries that the target says it has finished, and webhooks that the receiver counted. */
  readonly delivered: number;
  readonly received: number;
  readonly deliveredPerSecond: number;
  readonly cpuMicrosPerDelivered: number;
  readonly acceptP50Ms: number;
  readonly acceptP99Ms: number;
  readonly memoryPeakMb: number;
}

export type Figure = "deliveredPerSecond" | "cpuMicrosPerDelivered" | "acceptP50Ms" | "acceptP99Ms" | "memoryPeakMb";

export const FIGURES: ReadonlyArray<readonly [figure: Figure, label: string, digits: number]> = [
  ["deliveredPerSecond", "delivered webhooks/s", 0],
  ["cpuMicrosPerDelivered", "CPU per delivered, µs", 1],
  ["acceptP50Ms", "accept p50, ms", 2],
  ["acceptP99Ms", "accept p99, ms", 2],
  ["memoryPeakMb", "peak memory, MB", 0],
];

export type Medians = Readonly<Record<Figure, number>>;

/** NaN when there is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] ?? NaN;
  return ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** The median of each figure, by target, in the order in which the targets ran first. */
export function medians(runs: readonly Run[]): Map<string, Medians> {
  const byTarget = Map.groupBy(runs, (run) => run.target);
  return new Map(
    [...byTarget].map(([target, own]) => {
      const pairs = FIGURES.map(([figure]) => [figure, median(own.map((run) => run[figure]))] as const);
      return [target, Object.fromEntries(pairs) as Record<Figure, number>];
    }),
  );
}

