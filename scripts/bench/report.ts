import { FIGURES, type Medians, type Run } from "./figures.ts";

/** How figures are shown. Pure. */

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
