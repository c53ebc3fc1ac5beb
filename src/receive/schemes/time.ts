import type { Cause } from "../receiver.ts";

/** `auto`: seconds, milliseconds (12 digits or more) or ISO 8601. */
export type TimeUnit = "s" | "ms" | "iso" | "auto";

/** The part of the clock that the check compares with now. */
export interface Window {
  /** Greatest age in seconds. Infinity means that the age is not checked. */
  readonly past: number;
  /** How far a time may lie ahead, in seconds. */
  readonly future: number;
}

const DIGITS = /^\d{1,16}(?:\.\d{1,9})?$/;
const ISO = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,12})?(Z|[+-]\d{2}:?\d{2})?$/i;
/** The number of digits from which a number is milliseconds: seconds reach it in the year 5138. */
const MILLISECOND_DIGITS = 12;

/** Returns a time in seconds since the Unix epoch, or null if the text is not a time. */
export function parseTime(text: string, unit: TimeUnit): number | null {
  if (unit === "iso") return parseIso(text);
  if (!DIGITS.test(text)) return unit === "auto" ? parseIso(text) : null;
  const isMs = unit === "ms" || (unit === "auto" && text.length >= MILLISECOND_DIGITS);
  return isMs ? Number(text) / 1000 : Number(text);
}

/** A time without a zone is UTC. Fractions of a second are ignored. */
function parseIso(text: string): number | null {
  const [, date, time, zone] = ISO.exec(text) ?? [];
  if (date === undefined) return null;
  const ms = Date.parse(`${date}T${time}${zoneOf(zone)}`);
  return Number.isNaN(ms) ? null : ms / 1000;
}

function zoneOf(zone: string | undefined): string {
  if (zone === undefined || zone.toUpperCase() === "Z") return "Z";
  return zone.includes(":") ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
}

/** Returns the cause if a time lies outside the window, else null. */
export function outside(seconds: number, nowSeconds: number, { past, future }: Window): Cause | null {
  if (nowSeconds - seconds > past) return "timestamp_too_old";
  if (seconds - nowSeconds > future) return "timestamp_in_future";
  return null;
}

/** Returns a time as the provider writes it. */
export function formatTime(seconds: number, unit: TimeUnit): string {
  if (unit === "iso") return new Date(seconds * 1000).toISOString();
  return unit === "ms" ? String(Math.trunc(seconds * 1000)) : String(Math.trunc(seconds));
}
