import { type Figure, isMet, ratioOf, type Spread, spreadOf, type Target, type Unit } from "./figures.ts";
import type { BenchResult, ScenarioResult } from "./result.ts";

/** The figures of a bench as text. All functions are pure. */

const HEADS = ["figure", "Boathook", "reference", "ratio", "target", ""] as const;

/** Returns the result as tables for people. */
export function benchReport(result: BenchResult): string {
  const { scenarios } = result;
  const parts = scenarios.map((scenario) => `${scenario.name}: ${scenario.title}\n${scenarioTable(scenario)}`);
  return [conditionsOf(result), ...noteOf(result), ...parts, summaryOf(scenarios)].join("\n\n");
}

/** Returns one line with the version, the machine, and how the figures were measured. */
export function conditionsOf({ version, machine, measuredAt, seconds, rounds, size }: BenchResult): string {
  const prepared = size === null ? [] : [`scenarios prepared only ${numberText(size, "/s")} messages`];
  const work = [`${seconds} s per load`, `rounds: ${rounds}`, ...prepared];
  return `Boathook ${version}; ${machine}; ${measuredAt.slice(0, 10)}; ${work.join(", ")}`;
}

export function scenarioTable({ figures }: Pick<ScenarioResult, "figures">): string {
  return figures.length === 0 ? "not measured" : alignColumns([HEADS, ...figures.map(cells)]);
}

/** Returns the result as one Markdown table. */
export function markdownTable(scenarios: readonly ScenarioResult[]): string {
  const rows = scenarios.flatMap(({ title, figures }) =>
    figures.map((figure, i) => [i === 0 ? title : "", ...cells(figure)]),
  );
  return [["scenario", ...HEADS], ["---", "---", "--:", "--:", "--:", "--:", "---"], ...rows]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}

/** Returns the cells of a figure: name, value, reference, ratio, target, and whether it is met. */
function cells(figure: Figure): string[] {
  const { name, unit, values, reference, target } = figure;
  return [
    name,
    withSpread(spreadOf(values), unit),
    reference === null ? "" : `${withSpread(spreadOf(reference.values), unit)} (${reference.name})`,
    reference === null ? "" : ratioText(ratioOf(figure)),
    target === null ? "" : targetText(target, unit),
    metText(isMet(figure)),
  ];
}

function metText(met: boolean | null): string {
  return met === null ? "" : met ? "met" : "missed";
}

/** Returns a sentence about a machine that was busy, if it was. */
export function noteOf({ isShared }: BenchResult): string[] {
  return isShared ? ["Other programs used the machine, so figures and ratios are not reliable."] : [];
}

/** Returns a sentence that counts the targets. */
export function summaryOf(scenarios: readonly ScenarioResult[]): string {
  const met = scenarios.flatMap(({ figures }) => figures.map(isMet));
  const count = (wanted: boolean) => met.filter((one) => one === wanted).length;
  return `Targets: ${count(true)} met, ${count(false)} missed.`;
}

function targetText({ ratioMin, ratioMax, valueMax }: Target, unit: Unit): string {
  const bounds = [
    ratioMin === undefined ? [] : [`≥ ${ratioMin} ×`],
    ratioMax === undefined ? [] : [`≤ ${ratioMax} ×`],
    valueMax === undefined ? [] : [`≤ ${withUnit(String(valueMax), unit)}`],
  ];
  return bounds.flat().join(" or ");
}

function withSpread(spread: Spread | null, unit: Unit): string {
  if (spread === null) return "?";
  const { median, min, max } = spread;
  const range = min === max ? "" : ` (${numberText(min, unit)}–${numberText(max, unit)})`;
  return withUnit(numberText(median, unit), unit) + range;
}

function ratioText(spread: Spread | null): string {
  if (spread === null) return "?";
  const { median, min, max } = spread;
  const range = min === max ? "" : ` (${min.toFixed(2)}–${max.toFixed(2)})`;
  return median.toFixed(2) + range;
}

export function withUnit(text: string, unit: Unit): string {
  return unit === "" ? text : unit === "/s" ? `${text}/s` : `${text} ${unit}`;
}

const DIGITS: Readonly<Record<Unit, number>> = {
  "/s": 0,
  µs: 1,
  ms: 1,
  s: 2,
  bytes: 0,
  MB: 0,
  "%": 2,
  "": 3,
};

export function numberText(value: number, unit: Unit): string {
  const digits = DIGITS[unit];
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Aligns the first column to the left and the others to the right. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join("   ").trimEnd()).join("\n");
}
