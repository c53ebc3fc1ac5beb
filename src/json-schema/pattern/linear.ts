import type { Budget } from "../meter.ts";
import { parsePattern } from "./parse.ts";
import { programOf } from "./program.ts";
import { isFound } from "./search.ts";

/** A compiled regular expression for the validator. */
export interface Pattern {
  /** Returns whether the text contains a match. Throws `TooCostly`. */
  test(text: string, meter: Budget): boolean;
  /** Number of instructions of the program, which determines its memory use. */
  readonly instructions: number;
  toString(): string;
}

/**
 * Compiles a regular expression. It matches like `RegExp`, but in time linear in the text: for some
 * expressions, `RegExp` takes exponential time, and it cannot be interrupted. Supports the
 * ECMAScript syntax except backreferences and inline flags.
 *
 * Throws `SyntaxError` if the expression is invalid and `UnsupportedPattern` if it is not
 * supported.
 */
export function linearPattern(source: string, flags = flagsFor(source)): Pattern {
  const expression = new RegExp(source, flags);
  const isUnicode = flags.includes("u");
  const program = programOf(parsePattern(source, isUnicode), flags);
  return {
    test: (text, meter) => isFound(program, text, isUnicode, meter),
    instructions: program.instructions.length,
    toString: () => String(expression),
  };
}

/**
 * Returns the `u` flag, which the standard requires. Returns no flag if the expression has escapes
 * that are valid only without `u`.
 */
function flagsFor(source: string): string {
  try {
    new RegExp(source, "u");
    return "u";
  } catch {
    return "";
  }
}
