/**
 * Durations, sizes and rates as people write them in settings and API fields. Parsers answer null for anything that
 * they do not fully understand; formatters write the shortest exact form, which the parser reads back to the same value.
 */

type Units = ReadonlyArray<readonly [name: string, worth: number]>;

/** Largest first. */
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

/** Whole milliseconds in `250ms`, `5s`, `1.5h`, `5d` or `0`. */
export function parseDuration(text: string): number | null {
  return text === "0" ? 0 : parseQuantity(text, durationUnits);
}

/** `300000` → `5m`, `90000` → `90s`, `0` → `0`. `ms` is a whole number ≥ 0. */
export function formatDuration(ms: number): string {
  return ms === 0 ? "0" : formatQuantity(ms, durationUnits);
}

/** Whole bytes in `64KiB`, `2MiB`, `1GiB`, `123B` or `123`. */
export function parseSize(text: string): number | null {
  return parseQuantity(/^\d+$/.test(text) ? `${text}B` : text, sizeUnits);
}

/** `65536` → `64KiB`, `0` → `0B`. `bytes` is a whole number ≥ 0. */
export function formatSize(bytes: number): string {
  return bytes === 0 ? "0B" : formatQuantity(bytes, sizeUnits);
}

/** How many a second in `500/s`, `30/m` or `1000/h`; more than zero. */
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
  // 2.3m is 137999.99999999997 in floating point and means 138 s; 0.3ms means nothing that we can keep.
  return Number.isSafeInteger(whole) && Math.abs(exact - whole) < 1e-6 ? whole : null;
}

function formatQuantity(value: number, units: Units): string {
  const [name, worth] = units.find(([, unitWorth]) => value % unitWorth === 0) ?? units.at(-1)!;
  return `${value / worth}${name}`;
}
