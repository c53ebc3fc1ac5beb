/**
 * The latest time that RFC 3339 can represent, 9999-12-31T23:59:59.999Z, in ms since the Unix
 * epoch.
 */
export const instantMax = 253_402_300_799_999;

/** Formats a time in the format of the API: RFC 3339 in UTC with milliseconds. */
export function formatInstant(atMs: number): string {
  return new Date(atMs).toISOString();
}

export function formatInstantOrNull(atMs: number | null): string | null {
  return atMs === null ? null : formatInstant(atMs);
}

// An unencoded plus sign in a query arrives as a space, so a space is accepted as a sign.
const relaxed = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s?(?:Z|z|UTC|([-+ ])(\d\d):?(\d\d))$/;

/**
 * Parses RFC 3339 times as leniently as the Svix server: `2026-01-01T00:00:00Z`, `2026-01-01
 * 00:00:00.1 UTC`, `…+01:00`. Returns ms since the Unix epoch; smaller fractions are truncated.
 * Returns null for any other text.
 */
export function parseInstant(text: string): number | null {
  const part = relaxed.exec(text);
  if (part === null) return null;
  const [, year, month, day, hour, minute, second, fraction = "", sign, offsetHour = "0", offsetMinute = "0"] = part;
  const ms = Number(fraction.padEnd(3, "0").slice(0, 3));
  const date = [Number(year), Number(month) - 1, Number(day)] as const;
  const at = Date.UTC(...date, Number(hour), Number(minute), Number(second), ms);
  if (!isCalendarDay(...date) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000;
  return sign === "-" ? at + offsetMs : at - offsetMs;
}

/** Returns whether the day exists. `Date` would convert February 31 to a day in March. */
function isCalendarDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month, day));
  return year >= 1000 && date.getUTCMonth() === month && date.getUTCDate() === day;
}
