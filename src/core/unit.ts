/**
 * Durations, sizes and rates as written in settings and API fields. Parsers return null if any part
 * of the text is invalid. Formatters return the shortest exact text, which the parser converts back
 * to the same value.
 */

type Units = ReadonlyArray<readonly [name: string, worth: number]>;

/** Units of a duration, largest first. */
const durationUnits: Units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];
const sizeUnits: Units = [
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
  ["B", 1],
];
const secondsIn: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Parses `250ms`, `5s`, `1.5h`, `5d` or `0`. Returns whole ms. */
export function parseDuration(text: string): number | null {
  return text === "0" ? 0 : parseQuantity(text, durationUnits);
}

/** Formats `300000` as `5m`, `90000` as `90s`, `0` as `0`. `ms` is a whole number ≥ 0. */
export function formatDuration(ms: number): string {
  return ms === 0 ? "0" : formatQuantity(ms, durationUnits);
}

/** Parses `64KiB`, `2MiB`, `1GiB`, `123B` or `123`. Returns whole bytes. */
export function parseSize(text: string): number | null {
  return parseQuantity(/^\d+$/.test(text) ? `${text}B` : text, sizeUnits);
}

/** Formats `65536` as `64KiB`, `0` as `0B`. `bytes` is a whole number ≥ 0. */
export function formatSize(bytes: number): string {
  return bytes === 0 ? "0B" : formatQuantity(bytes, sizeUnits);
}

/** Parses `500/s`, `30/m` or `1000/h`. Returns a number per second, which is above zero. */
export function parseRate(text: string): number | null {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\/([smh])$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return null;
  const perSecond = Number(amount) / secondsIn[unit]!;
  return perSecond > 0 && Number.isFinite(perSecond) ? perSecond : null;
}

function parseQuantity(text: string, units: Units): number | null {
  const [, amount, name] = /^(\d+(?:\.\d+)?)([a-zA-Z]+)$/.exec(text) ?? [];
  const worth = units.find(([unit]) => unit === name)?.[1];
  if (amount === undefined || worth === undefined) return null;
  const exact = Number(amount) * worth;
  const whole = Math.round(exact);
  // 2.3m is 137999.99999999997 in floating point but means 138 s. 0.3ms is not a whole number of
  // ms.
  return Number.isSafeInteger(whole) && Math.abs(exact - whole) < 1e-6 ? whole : null;
}

function formatQuantity(value: number, units: Units): string {
  const [name, worth] = units.find(([, unitWorth]) => value % unitWorth === 0) ?? units.at(-1)!;
  return `${value / worth}${name}`;
}
