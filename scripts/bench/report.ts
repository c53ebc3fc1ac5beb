import { alignColumns } from "../../src/bench/report.ts";
import { FIGURES, type Figure, labelOf, type Medians, type Ratio, type Ratios, type Run } from "./figures.ts";

/** Formats figures for display. All functions are pure. */

/** Returns a table with one row of medians per target, then one row per ratio. */
export function table(byTarget: ReadonlyMap<string, Medians>, byPair: ReadonlyMap<string, Ratios>): string {
  const row = (label: string, cell: (figure: Figure, digits: number) => string) => [
    label,
    ...FIGURES.map(([figure, , digits]) => cell(figure, digits)),
  ];
  return alignColumns([
    ["", ...FIGURES.map(([, label]) => label)],
    ...[...byTarget].map(([label, of]) => row(label, (figure, digits) => formatNumber(of[figure], digits))),
    ...[...byPair].map(([label, of]) => row(label, (figure) => formatRatio(of[figure]))),
  ]);
}

/** Formats the median and the range over the rounds. */
function formatRatio({ median, min, max }: Ratio): string {
  const [middle, lowest, highest] = [median, min, max].map((value) => formatNumber(value, 2));
  return min === max || Number.isNaN(median) ? `${middle}` : `${middle} (${lowest}–${highest})`;
}

export function runLine(run: Run): string {
  const figures = FIGURES.map(([figure, label, digits]) => `${label} ${formatNumber(run[figure], digits)}`);
  const failures = run.failed === 0 ? "" : `; ${run.failed} requests failed`;
  return `round ${run.round} ${labelOf(run)}: ${run.delivered} delivered; ${figures.join("; ")}${failures}`;
}

export function formatNumber(value: number, digits: number): string {
  if (Number.isNaN(value)) return "n/a";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
