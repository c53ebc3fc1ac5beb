/** Formats numbers and times for users, in the language and time zone of the browser. */

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

export function formatCount(count: number): string {
  return whole.format(count);
}

export function formatRate(perSecond: number): string {
  return `${perSecond < 10 ? oneDigit.format(perSecond) : whole.format(perSecond)}/s`;
}

/** Formats an instant as the time of day, preceded by the date unless the date is today. */
export function formatInstant(atMs: number, nowMs: number): string {
  const sameDay = new Date(atMs).toDateString() === new Date(nowMs).toDateString();
  return (sameDay ? timeOfDay : dayAndTime).format(atMs);
}

/**
 * Formats a duration in its two largest units, such as `4 min 12 s`. A duration below one second is
 * in ms; one below ten seconds has one decimal.
 */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 9_950) return `${oneDigit.format(durationMs / 1_000)} s`;
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
