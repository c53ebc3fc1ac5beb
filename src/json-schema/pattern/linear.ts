import type { Payee } from "../meter.ts";
import { parsePattern } from "./parse.ts";
import { programOf } from "./program.ts";
import { isFound } from "./search.ts";

/** What a validator needs of a regular expression. */
export interface Pattern {
  /** Throws `TooCostly`. */
  test(text: string, meter: Payee): boolean;
  /** Of its program: says how much memory it takes. */
  readonly instructions: number;
  toString(): string;
}

/**
 * Says of texts what `RegExp` would say, but never takes longer than in proportion to the text: some expressions take
 * `RegExp` exponential time, and it cannot be stopped. All of ECMAScript's syntax but references back to groups and flags
 * within the expression.
 *
 * Throws a `SyntaxError` when it is no expression, and `UnsupportedPattern`.
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

/** With the `u` flag, as the standard says; without it when it holds escapes that are only known there. */
function flagsFor(source: string): string {
  try {
    new RegExp(source, "u");
    return "u";
  } catch {
    return "";
  }
}
