import { median } from "../../../src/bench/figures.ts";
import { alignColumns } from "../../../src/bench/report.ts";
import type { LoadFigures } from "../measure.ts";
import { formatNumber } from "../report.ts";
import type { BackupFigures } from "./backups.ts";

/** The phases of the bench of backups and their report. All functions are pure. */

export type PhaseName = "no backup" | "backups" | "no replica" | "replica" | "first copy";

export interface Phase extends LoadFigures {
  readonly name: PhaseName;
  readonly round: number;
  /** Largest size of the server's write-ahead log. */
  readonly logPeakMb: number;
  readonly backups: readonly BackupFigures[];
}

/** The phase with which a phase is compared. */
const BASIS: Partial<Record<PhaseName, PhaseName>> = {
  backups: "no backup",
  replica: "no replica",
  "first copy": "no replica",
};

const COLUMNS = [
  ...["", "webhooks/s", "of that without", "CPU/webhook, µs", "accept p99, ms", "log peak, MB"],
  ...["backup, s", "backup CPU, s"],
];

export function phaseLine(phase: Phase): string {
  const { name, round, deliveredPerSecond, cpuMicrosPerDelivered, acceptP99Ms, backups, failed } = phase;
  const figures = [
    `${formatNumber(deliveredPerSecond, 0)} webhooks/s`,
    `CPU ${formatNumber(cpuMicrosPerDelivered, 1)} µs`,
    `p99 ${formatNumber(acceptP99Ms, 1)} ms`,
    ...(backups.length === 0
      ? []
      : [`backups took ${backups.map(({ seconds }) => formatNumber(seconds, 1)).join(", ")} s`]),
    ...(failed === 0 ? [] : [`${failed} requests failed`]),
  ];
  return `round ${round} ${name}: ${figures.join("; ")}`;
}

/** Returns a table with one row per phase, with medians over the rounds and the largest log. */
export function report(phases: readonly Phase[]): string {
  const rows = [...Map.groupBy(phases, ({ name }) => name)].map(([name, own]) => {
    const number = (value: (phase: Phase) => number, digits: number) => formatNumber(median(own.map(value)), digits);
    const backups = own.flatMap((phase) => phase.backups);
    const ofBackups = (figure: keyof BackupFigures, digits: number) =>
      backups.length === 0 ? "" : formatNumber(median(backups.map((backup) => backup[figure])), digits);
    return [
      name,
      number((phase) => phase.deliveredPerSecond, 0),
      ratioText(phases, name),
      number((phase) => phase.cpuMicrosPerDelivered, 1),
      number((phase) => phase.acceptP99Ms, 1),
      formatNumber(Math.max(...own.map((phase) => phase.logPeakMb)), 0),
      ofBackups("seconds", 1),
      ofBackups("cpuSeconds", 2),
    ];
  });
  return alignColumns([COLUMNS, ...rows]);
}

/** Returns the throughput as a percentage of that without the copy: the median and the range. */
function ratioText(phases: readonly Phase[], name: PhaseName): string {
  const basis = BASIS[name];
  if (basis === undefined) return "";
  const ratios = phases
    .filter((phase) => phase.name === name)
    .map(({ round, deliveredPerSecond }) => {
      const other = phases.find((phase) => phase.name === basis && phase.round === round);
      return deliveredPerSecond / (other?.deliveredPerSecond ?? Number.NaN);
    });
  const percent = (ratio: number) => formatNumber(100 * ratio, 0);
  return `${percent(median(ratios))} % (${percent(Math.min(...ratios))}–${percent(Math.max(...ratios))})`;
}
