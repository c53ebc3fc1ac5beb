/**
 * Formats numbers and times for users, in English and in the time zone of the browser. `Intl` is not
 * used: its first format takes a browser about 20 ms, in which half a page can be shown.
 */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** Formats a number with at most one decimal. */
export function formatDecimal(value: number): string {
  const tenths = Math.round(value * 10);
  return tenths % 10 === 0 ? formatCount(tenths / 10) : `${formatCount(Math.floor(tenths / 10))}.${tenths % 10}`;
}

const SIZE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Formats a size in its largest unit, such as `1.5 MiB` or `64 KiB`. */
export function formatBytes(count: number): string {
  const unit = count < 1 ? 0 : Math.min(Math.floor(Math.log2(count) / 10), SIZE_UNITS.length - 1);
  const size = count / 1024 ** unit;
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${SIZE_UNITS[unit]}`;
}

export function formatRate(perSecond: number): string {
  return `${perSecond < 10 ? formatDecimal(perSecond) : formatCount(perSecond)}/s`;
}

/**
 * Formats an instant as the time of day, such as `14:03:59`. The date precedes it unless it is
 * today's, and contains the year unless it is this one.
 */
export function formatInstant(atMs: number, nowMs: number): string {
  const [at, today] = [new Date(atMs), new Date(nowMs)];
  const time = clockTime(at.getHours(), at.getMinutes(), at.getSeconds());
  if (at.toDateString() === today.toDateString()) return time;
  const year = at.getFullYear() === today.getFullYear() ? "" : ` ${at.getFullYear()}`;
  return `${MONTHS[at.getMonth()]} ${at.getDate()}${year}, ${time}`;
}

const DAY_MS = 86_400_000;

/**
 * Returns the labels of a time axis, such as `14:00`, at instants of equal distance. The first label
 * of a day has its date below it. Steps of a day or more have only dates.
 */
export function formatAxis(atMs: readonly number[]): string[] {
  const step = (atMs[1] ?? 0) - (atMs[0] ?? 0);
  let day = "";
  return atMs.map((one) => {
    const at = new Date(one);
    const date = `${MONTHS[at.getMonth()]} ${at.getDate()}`;
    // A day with a change of the clock has 23 hours.
    if (step > DAY_MS / 1.1) return date;
    const time = clockTime(at.getHours(), at.getMinutes());
    if (date === day) return time;
    day = date;
    return `${time}\n${date}`;
  });
}

function clockTime(...parts: readonly number[]): string {
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/**
 * Formats a duration in its two largest units, such as `4 min 12 s`. A duration below one second is
 * in ms; one below ten seconds has one decimal.
 */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 9_950) return `${formatDecimal(durationMs / 1_000)} s`;
  const seconds = Math.round(durationMs / 1_000);
  const units = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = units.findIndex(([count]) => count > 0);
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/**
 * Formats the time until an instant, such as `in 4 min 12 s`. Returns `now` if less than a second
 * is left.
 */
export function formatUntil(atMs: number, nowMs: number): string {
  return atMs - nowMs < 1_000 ? "now" : `in ${formatDuration(Math.round((atMs - nowMs) / 1_000) * 1_000)}`;
}
