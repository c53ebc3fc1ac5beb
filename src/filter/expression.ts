import { RE2JS } from "re2js";
import type { Expression } from "./condition.ts";

/** Maximum number of instructions of an expression. Counted repetitions make it long. */
const instructionsMax = 1000;

/** Maximum length of an expression, in characters. */
export const expressionCharsMax = 1000;

/**
 * Maximum weight of all expressions of a filter. Compiling takes up to about 20 µs for each unit, and
 * holds up the event loop.
 */
export const expressionsWeightMax = 4000;

/** If case is ignored, the library looks at each character of a range. So many weigh one unit. */
const FOLDED_PER_UNIT = 300;
/** The weight of a class of Unicode such as `\pL`, which has hundreds of ranges. */
const UNICODE_CLASS_WEIGHT = 30;
const UNICODE_CLASS = /\\p/gi;
const CASE_FLAG = /\(\?[a-z-]*i/i;
/** A range in a class, as it may be: whatever is before a dash and not an ASCII character after it. */
const WIDE_RANGE = /(\\x\{[0-9a-f]+\}|.)-(\\x\{[0-9a-f]+\}|[^\0-\x7f])/giu;

/**
 * Returns about what it costs to compile an expression and to keep it: its length, and more for classes
 * of Unicode and for wide ranges.
 */
export function weightOf(source: string, options: string): number {
  const classes = source.match(UNICODE_CLASS)?.length ?? 0;
  const weight = source.length + classes * UNICODE_CLASS_WEIGHT;
  if (!options.includes("i") && !CASE_FLAG.test(source)) return weight;
  let folded = 0;
  for (const [, from, to] of source.matchAll(WIDE_RANGE)) folded += Math.max(0, codeOf(to!) - codeOf(from!));
  return weight + folded / FOLDED_PER_UNIT;
}

function codeOf(character: string): number {
  return character.startsWith("\\x{") ? Number.parseInt(character.slice(3), 16) : character.codePointAt(0)!;
}

/** The flags in `$options`, with their values in the library. */
const FLAGS: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
};

/** Returns what is wrong with the value of `$options`, or null. */
export function optionsProblem(options: string): string | null {
  return [...options].every((letter) => Object.hasOwn(FLAGS, letter))
    ? null
    : "Must consist of the letters i (ignore case), m (^ and $ match at lines) and s (. matches line breaks).";
}

/**
 * Compiles an expression in the syntax of RE2, which excludes whatever cannot be matched in linear
 * time. `options` must be valid. Returns what is wrong with the expression, if it is.
 */
export function expressionOf(source: string, options: string): Expression | { readonly problem: string } {
  if (source.length > expressionCharsMax) return { problem: `Must be at most ${expressionCharsMax} characters long.` };
  let flags = 0;
  for (const letter of options) flags |= FLAGS[letter]!;
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source, flags);
  } catch (error) {
    const cause = error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : String(error);
    return { problem: `Not an expression that RE2 can match: ${cause}.` };
  }
  const instructions = compiled.programSize();
  if (instructions > instructionsMax) return { problem: "The expression repeats too many times." };
  return { source, flags: options, compiled, instructions };
}
