/** The ranges of time that the overview shows. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface Range {
  /** The value in the address. */
  readonly name: string;
  readonly title: string;
  readonly spanMs: number;
  /** Length of a period, as a parameter of the API. The server keeps short periods for three days only. */
  readonly step: string;
  /** The period in words, after "per". */
  readonly period: string;
  readonly stepMs: number;
}

const MINUTE_MS = 60_000;

export const DEFAULT_RANGE: Range = {
  ...{ name: "24h", title: "24 hours", spanMs: DAY_MS },
  ...{ step: "15m", stepMs: 15 * MINUTE_MS, period: "15 minutes" },
};

export const RANGES: readonly Range[] = [
  { name: "1h", title: "1 hour", spanMs: HOUR_MS, step: "1m", stepMs: MINUTE_MS, period: "minute" },
  DEFAULT_RANGE,
  { name: "7d", title: "7 days", spanMs: 7 * DAY_MS, step: "1h", stepMs: HOUR_MS, period: "hour" },
  { name: "30d", title: "30 days", spanMs: 30 * DAY_MS, step: "6h", stepMs: 6 * HOUR_MS, period: "6 hours" },
];

/** Returns the range with a name; the default for names that are unknown. */
export function rangeOf(name: string | undefined): Range {
  return RANGES.find((range) => range.name === name) ?? DEFAULT_RANGE;
}
