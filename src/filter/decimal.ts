/**
 * A number of any size and precision: ±0.d₁d₂d₃… × 10^exponent. `digits` neither begins nor ends with
 * a zero; it is empty for zero.
 */
export interface Decimal {
  readonly isNegative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

/** Maximum exponent of the operands of filters, positive or negative. */
export const exponentMax = 1_000_000;

/** Returns the exact value of a number in JSON's syntax. Exponents beyond all doubles become infinite. */
export function decimalOf(text: string): Decimal {
  const isNegative = text.charCodeAt(0) === 0x2d;
  const [mantissa = "", power = "0"] = (isNegative ? text.slice(1) : text).split(/[eE]/);
  const [whole = "", fraction = ""] = mantissa.split(".");
  const all = whole + fraction;
  let start = 0;
  while (start < all.length && all.charCodeAt(start) === 0x30) start++;
  let end = all.length;
  while (end > start && all.charCodeAt(end - 1) === 0x30) end--;
  if (start === end) return { isNegative: false, digits: "", exponent: 0 };
  return { isNegative, digits: all.slice(start, end), exponent: Number(power) + whole.length - start };
}

/** Returns a negative number, zero or a positive number, as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const [signA, signB] = [signOf(a), signOf(b)];
  if (signA !== signB || signA === 0) return signA - signB;
  return signA * compareSizes(a, b);
}

function signOf({ digits, isNegative }: Decimal): number {
  if (digits === "") return 0;
  return isNegative ? -1 : 1;
}

function compareSizes(a: Decimal, b: Decimal): number {
  if (a.exponent !== b.exponent) return a.exponent < b.exponent ? -1 : 1;
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -1 : 1;
}

/** Returns a text that is the same for equal numbers only. */
export function canonicalDecimal(text: string): string {
  const { isNegative, digits, exponent } = decimalOf(text);
  return `${isNegative ? "-" : ""}${digits}e${exponent}`;
}

const SURROGATES = 0xd800;
const AFTER_SURROGATES = 0xe000;

/** Compares texts by code point. JavaScript's `<` compares code units, which differs beyond U+FFFF. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [one, other] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (one !== other) return rank(one) - rank(other);
  }
  return a.length - b.length;
}

/** Orders the code units of surrogates, which stand for code points beyond U+FFFF, after all others. */
function rank(unit: number): number {
  if (unit < SURROGATES) return unit;
  return unit < AFTER_SURROGATES ? unit + AFTER_SURROGATES : unit;
}
