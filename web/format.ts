/** Numbers and times as people read them, in the browser's language and time zone. */

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

/** The time of day; for other days than today with the day before it. */
export function formatInstant(atMs: number, nowMs: number): string {
  const sameDay = new Date(atMs).toDateString() === new Date(nowMs).toDateString();
  return (sameDay ? timeOfDay : dayAndTime).format(atMs);
}

/** A duration in its two largest units, `4 min 12 s`; below a second in milliseconds, below ten with a tenth. */
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

/** When something due will happen: `in 4 min 12 s`, or `now` when its time has come. */
export function formatUntil(atMs: number, nowMs: number): string {
  return atMs - nowMs < 1_000 ? "now" : `in ${formatDuration(Math.round((atMs - nowMs) / 1_000) * 1_000)}`;
}
