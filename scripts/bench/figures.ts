import { median } from "../../src/bench/figures.ts";
import type { PathName } from "./path.ts";

/** The figures of runs, and medians and ratios computed from them. All functions are pure. */

/** `door` is the product, which receives at a source instead of its message route. */
export type TargetName = "yardstick" | "product" | "against" | "door";

/** The result of one run of one target. */
export interface Run {
  readonly target: TargetName;
  /** Null for the door and for the yardstick, a minimal sender that the product is compared with. */
  readonly path: PathName | null;
  readonly round: number;
  /** Number of accepted messages, as the target counts them. */
  readonly accepted: number;
  /**
   * Number of messages with a 2xx response, as the load generator counts them. It does not wait for
   * its last few responses.
   */
  readonly answered: number;
  /** Requests that were refused or got no response. */
  readonly failed: number;
  /**
   * Number of finished deliveries, as counted by the target; `received` is the number of webhooks
   * that arrived, as counted by the receiver.
   */
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

/**
 * Returns the label of a run: `yardstick`, or a build and its path, such as `product named/token`.
 */
export function labelOf({ target, path }: Pick<Run, "target" | "path">): string {
  return path === null ? target : `${target} ${path}`;
}

/** Returns the median of each figure by label, in the order of the first runs. */
export function medians(runs: readonly Run[]): Map<string, Medians> {
  return new Map(
    [...Map.groupBy(runs, labelOf)].map(([label, own]) => {
      const pairs = FIGURES.map(([figure]) => [figure, median(own.map((run) => run[figure]))] as const);
      return [label, Object.fromEntries(pairs) as Record<Figure, number>];
    }),
  );
}

/** A figure of the product divided by the same figure of another target, over all rounds. */
export interface Ratio {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export type Ratios = Readonly<Record<Figure, Ratio>>;

/**
 * Returns the ratios of the product to the yardstick and to the other build, and those of the door to
 * the product. Both figures of a ratio come from the same round, so that drift between rounds cancels
 * out. The yardstick has a single figure, with which every delivery path of the product is compared.
 * Keys are labels such as `product/against named/token`: the compared targets, and the path.
 */
export function ratios(runs: readonly Run[]): Map<string, Ratios> {
  const found = new Map<string, Ratios>();
  for (const other of ["yardstick", "against"] as const) {
    const others = runs.filter((run) => run.target === other);
    if (others.length === 0) continue;
    for (const own of Map.groupBy(productRuns(runs), labelOf).values()) {
      found.set(`product/${other} ${own[0]?.path}`, ratiosOf(own, others));
    }
  }
  const doors = runs.filter((run) => run.target === "door");
  for (const others of doors.length === 0 ? [] : Map.groupBy(productRuns(runs), labelOf).values()) {
    found.set(`door/product ${others[0]?.path}`, ratiosOf(doors, withoutPath(others)));
  }
  return found;
}

/** Runs without a path are compared with the runs of every path. */
function withoutPath(runs: readonly Run[]): Run[] {
  return runs.map((run) => ({ ...run, path: null }));
}

function productRuns(runs: readonly Run[]): Run[] {
  return runs.filter((run) => run.target === "product");
}

function ratiosOf(own: readonly Run[], others: readonly Run[]): Ratios {
  const pairs = own.flatMap((run) => {
    const other = others.find(({ round, path }) => round === run.round && (path === null || path === run.path));
    return other === undefined ? [] : [{ run, other }];
  });
  const ratioOf = (figure: Figure): Ratio => {
    const values = pairs.map(({ run, other }) => run[figure] / other[figure]);
    return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
  };
  return Object.fromEntries(FIGURES.map(([figure]) => [figure, ratioOf(figure)])) as Record<Figure, Ratio>;
}
