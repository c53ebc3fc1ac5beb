/** Compares JSON values of any type, and tests multiples. */
import type { Budget } from "./meter.ts";

const STEPS_PER_NODE = 4;
const STEPS_OF_DIVISION = 10;

/**
 * A set of JSON values compared by content: `{"a":1,"b":2}` equals `{"b":2,"a":1}`, and `1` differs
 * from `"1"`.
 */
export class ValueSet {
  readonly #plain = new Set<unknown>();
  readonly #canonical = new Set<string>();

  get size(): number {
    return this.#plain.size + this.#canonical.size;
  }

  add(value: unknown, meter: Budget): void {
    if (isPlain(value)) this.#plain.add(spentOn(value, meter));
    else this.#canonical.add(canonical(value, meter));
  }

  has(value: unknown, meter: Budget): boolean {
    if (isPlain(value)) return this.#plain.has(spentOn(value, meter));
    return this.#canonical.size > 0 && this.#canonical.has(canonical(value, meter));
  }
}

function isPlain(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

function spentOn<T>(value: T, meter: Budget): T {
  meter.spend(1);
  if (typeof value === "string") meter.spendOnText(value);
  return value;
}

/** Returns a canonical text: equal values have the same text. */
function canonical(value: unknown, meter: Budget): string {
  meter.spend(STEPS_PER_NODE);
  if (typeof value === "string") meter.spendOnText(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, meter)).join()}]`;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = fields.map(([name, inner]) => {
    meter.spendOnText(name);
    return `${JSON.stringify(name)}:${canonical(inner, meter)}`;
  });
  return `{${texts.join()}}`;
}

/** Returns whether all items differ. Reads each item once instead of comparing all pairs. */
export function areUnique(items: readonly unknown[], meter: Budget): boolean {
  const seen = new ValueSet();
  for (const [i, item] of items.entries()) {
    seen.add(item, meter);
    if (seen.size <= i) return false;
  }
  return true;
}

/**
 * Returns whether `value` is a multiple of `divisor` in decimal notation. 19.99 is a multiple of
 * 0.01, although this is not true of their binary forms.
 */
export function isMultipleOf(value: number, divisor: number, meter: Budget): boolean {
  if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0;
  if (!Number.isFinite(value)) return false;
  meter.spend(STEPS_OF_DIVISION);
  const [a, b] = [decimal(value), decimal(divisor)];
  const exponent = Math.min(a.exponent, b.exponent);
  return scaled(a, exponent) % scaled(b, exponent) === 0n;
}

/** The decimal number digits × 10^exponent. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

function decimal(value: number): Decimal {
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/**
 * Returns the digits of the same number written with the exponent `to`. Doubles are within 10^±324,
 * so the result has at most about 650 digits.
 */
function scaled({ digits, exponent }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(exponent - to);
}
