import { join } from "node:path";
import { type Figure, spreadOf } from "./figures.ts";
import { numberText, withUnit } from "./report.ts";
import type { BenchResult, ScenarioResult } from "./result.ts";
import { type Bar, type BarGroup, barChart, lineChart } from "./svg.ts";

/** A chart with the name of its file. */
export interface Chart {
  readonly file: string;
  /** Text for readers who do not see the chart. */
  readonly title: string;
  readonly svg: string;
}

/** Writes the charts of a result to a directory. */
export async function writeCharts(result: BenchResult, directory: string): Promise<void> {
  for (const { file, svg } of chartsOf(result)) await Bun.write(join(directory, file), svg);
}

/** Returns the charts for which the result has figures. */
export function chartsOf({ scenarios }: BenchResult): Chart[] {
  const throughput = groupsOf(scenarios, ({ unit }) => unit === "/s");
  const latency = groupsOf(scenarios, ({ name, unit }) => unit === "ms" && /\bp(50|99)\b/.test(name));
  return [
    ...barsOf("throughput.svg", "Webhooks per second beside the reference", throughput),
    ...barsOf("latency.svg", "Latency beside the reference, in ms", latency),
    ...linesOf(scenarios),
  ];
}

function barsOf(file: string, title: string, groups: readonly BarGroup[]): Chart[] {
  if (groups.length === 0) return [];
  const description = groups
    .map(({ label, bars }) => `${label}: ${bars.map(({ name, text }) => `${text} (${name})`).join(", ")}.`)
    .join(" ");
  return [{ file, title, svg: barChart({ title, description }, groups) }];
}

/** Returns the wanted figures that have a reference. The label has the figure if a scenario has several. */
function groupsOf(scenarios: readonly ScenarioResult[], isWanted: (figure: Figure) => boolean): BarGroup[] {
  return scenarios.flatMap(({ name, figures }) => {
    const wanted = figures.filter((figure) => figure.reference !== null && isWanted(figure));
    return wanted.flatMap((figure) => {
      const bars = [
        bar("Boathook", true, figure, figure.values),
        bar(figure.reference!.name, false, figure, figure.reference!.values),
      ].flat();
      return bars.length < 2 ? [] : [{ label: wanted.length === 1 ? name : `${name}: ${shortName(figure)}`, bars }];
    });
  });
}

function shortName({ name }: Figure): string {
  return /\bp(50|99)\b/.exec(name)?.[0] ?? name;
}

function bar(name: string, isOwn: boolean, { unit }: Figure, values: Figure["values"]): Bar[] {
  const spread = spreadOf(values);
  if (spread === null) return [];
  return [{ name, isOwn, value: spread.median, text: withUnit(numberText(spread.median, unit), unit) }];
}

function linesOf(scenarios: readonly ScenarioResult[]): Chart[] {
  const title = "CPU time per webhook while messages are stored";
  return scenarios.flatMap(({ series }) => {
    if (series === undefined) return [];
    const lines = series.map(({ name, points }) => ({ name, points, isOwn: name === "Boathook" }));
    const description = lines
      .map(({ name, points }) => {
        const values = points.map(
          ([stored, micros]) => `${numberText(micros, "µs")} µs at ${numberText(stored, "/s")}`,
        );
        return `${name}: ${values.join(", ")}.`;
      })
      .join(" ");
    const units = { x: "stored messages", y: "µs" };
    return [{ file: "history.svg", title, svg: lineChart({ title, description }, lines, units) }];
  });
}
