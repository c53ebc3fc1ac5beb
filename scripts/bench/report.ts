/** Figures and how they are shown. Pure. */

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

type Figure = "deliveredPerSecond" | "cpuMicrosPerDelivered" | "acceptP50Ms" | "acceptP99Ms" | "memoryPeakMb";

const FIGURES: ReadonlyArray<readonly [figure: Figure, label: string, digits: number]> = [
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

/** The medians side by side, and the product's share of each of the others. */
export function table(byTarget: ReadonlyMap<string, Medians>): string {
  const targets = [...byTarget.keys()];
  const product = byTarget.get("product");
  const others = product === undefined ? [] : targets.filter((target) => target !== "product");
  const header = ["", ...targets, ...others.map((target) => `product/${target}`)];
  const rows = FIGURES.map(([figure, label, digits]) => [
    label,
    ...[...byTarget.values()].map((of) => formatNumber(of[figure], digits)),
    ...others.map((target) => formatNumber((product?.[figure] ?? NaN) / (byTarget.get(target)?.[figure] ?? NaN), 2)),
  ]);
  return alignColumns([header, ...rows]);
}

export function runLine(run: Run): string {
  const figures = FIGURES.map(([figure, label, digits]) => `${label} ${formatNumber(run[figure], digits)}`);
  const failures = run.failed === 0 ? "" : `; ${run.failed} requests failed`;
  return `round ${run.round} ${run.target}: ${run.delivered} delivered; ${figures.join("; ")}${failures}`;
}

export function formatNumber(value: number, digits: number): string {
  if (Number.isNaN(value)) return "n/a";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** The first column to the left, the others to the right. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join("   ")).join("\n");
}
