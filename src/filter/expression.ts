import { RE2JS } from "re2js";
import type { Expression } from "./condition.ts";

/** Maximum number of instructions of an expression. Counted repetitions make it long. */
export const instructionsMax = 1000;

/** Maximum length of an expression, in characters. */
export const expressionCharsMax = 1000;

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
