/** Numbers as an operator reads them. They are rounded. */
import { counted } from "../core/text.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Formats 1536 as `1.5 KiB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Formats a duration in its largest unit: `3 days`, `1 hour`, `0 seconds`. */
export function durationText(ms: number): string {
  for (const [unit, worth] of [
    ["day", 86_400_000],
    ["hour", 3_600_000],
    ["minute", 60_000],
  ] as const) {
    if (ms >= worth) return counted(Math.floor(ms / worth), unit);
  }
  return counted(Math.floor(ms / 1000), "second");
}

export function instantText(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}
