/** Compares JSON values of any type, and tests multiples. */

/**
 * Returns whether all items differ by content: `{"a":1,"b":2}` equals `{"b":2,"a":1}`, and `1` differs
 * from `"1"`. Reads each item once instead of comparing all pairs.
 */
export function areUnique(items: readonly unknown[]): boolean {
  const plain = new Set<unknown>();
  const canonicalTexts = new Set<string>();
  for (const [i, item] of items.entries()) {
    if (typeof item === "object" && item !== null) canonicalTexts.add(canonical(item));
    else plain.add(item);
    if (plain.size + canonicalTexts.size <= i) return false;
  }
  return true;
}

/** Returns a canonical text: equal values have the same text. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join()}}`;
}

/**
 * Returns whether `value` is a multiple of `divisor` in decimal notation. 19.99 is a multiple of
 * 0.01, although this is not true of their binary forms.
 */
export function isMultipleOf(value: number, divisor: number): boolean {
  if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0;
  if (!Number.isFinite(value)) return false;
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
