import { type Figure, spreadOf } from "./figures.ts";
import { alignColumns, numberText, withUnit } from "./report.ts";
import type { BenchResult, ScenarioResult } from "./result.ts";

/** Returns a table of the figures that both results have, with the change from the earlier one. */
export function comparison(earlier: BenchResult, now: BenchResult): string {
  const rows = now.scenarios.flatMap((scenario) => {
    const before = earlier.scenarios.find(({ name }) => name === scenario.name);
    return before === undefined ? [] : changes(before, scenario);
  });
  const conditions = `Earlier: Boathook ${earlier.version}; ${earlier.machine}; ${earlier.measuredAt}`;
  if (rows.length === 0) return `${conditions}\nThe results have no figure in common.`;
  return `${conditions}\n${alignColumns([["figure", "earlier", "now", "change"], ...rows])}`;
}

function changes(before: ScenarioResult, now: ScenarioResult): string[][] {
  return now.figures.flatMap((figure) => {
    const other = before.figures.find(({ name, unit }) => name === figure.name && unit === figure.unit);
    const [was, is] = [other && spreadOf(other.values), spreadOf(figure.values)];
    return was == null || is === null ? [] : [change(`${now.name}: ${figure.name}`, figure, was.median, is.median)];
  });
}

function change(label: string, { unit }: Figure, was: number, is: number): string[] {
  const percent = was === 0 ? "" : `${is >= was ? "+" : ""}${((is / was - 1) * 100).toFixed(1)} %`;
  return [label, ...[was, is].map((value) => withUnit(numberText(value, unit), unit)), percent];
}
