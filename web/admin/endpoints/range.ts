const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A range of time of the charts, by its name in the address. */
export interface Range {
  readonly name: string;
  readonly label: string;
  readonly step: string;
  readonly spanMs: number;
}

export const RANGES: readonly [Range, ...Range[]] = [
  { name: "24h", label: "24 hours", step: "1h", spanMs: DAY_MS },
  { name: "7d", label: "7 days", step: "6h", spanMs: 7 * DAY_MS },
  { name: "30d", label: "30 days", step: "1d", spanMs: 30 * DAY_MS },
];

export function rangeOf(name: string | undefined): Range {
  return RANGES.find((range) => range.name === name) ?? RANGES[0];
}
