import { RE2JS } from "re2js";
import { re2Syntax } from "./pattern-syntax.ts";

/** Maximum number of instructions of all patterns of a schema, which bounds their memory use. */
const INSTRUCTIONS_MAX = 20_000;

/** The pattern is invalid or not supported. The message is a clause with the reason. */
export class UnusablePattern extends Error {
  override readonly name = "UnusablePattern";
}

/** A compiled pattern, in the form that the validator expects of a regular expression. */
export interface Pattern {
  test(text: string): boolean;
  toString(): string;
  /** Number of instructions. A test takes at most this many steps per character. */
  readonly instructions: number;
}

/** The patterns of one schema. Each pattern is compiled once. */
export class Patterns {
  readonly #known = new Map<string, Pattern>();
  /** Total number of instructions of all patterns. */
  instructions = 0;

  /** Returns the compiled pattern. Throws `UnusablePattern`. */
  of(source: string): Pattern {
    const known = this.#known.get(source);
    if (known !== undefined) return known;
    const pattern = patternOf(source);
    this.instructions += pattern.instructions;
    if (this.instructions > INSTRUCTIONS_MAX) {
      throw new UnusablePattern("The patterns of the schema are too long in total.");
    }
    this.#known.set(source, pattern);
    return pattern;
  }
}

const NAMED_REFERENCE = /(?<!\\)(?:\\\\)*\\k</;

/**
 * Compiles a pattern in the syntax of JavaScript. It is matched in time linear in the text, because
 * for some patterns `RegExp` takes exponential time and cannot be interrupted.
 */
function patternOf(source: string): Pattern {
  // The library takes a reference to a named group for plain text.
  const problem = syntaxProblem(source) ?? (NAMED_REFERENCE.test(source) ? unsupported(source) : null);
  if (problem !== null) throw new UnusablePattern(problem);
  try {
    const compiled = RE2JS.compile(re2Syntax(source), RE2JS.LOOKBEHINDS);
    return { test: (text) => compiled.test(text), toString: () => source, instructions: compiled.programSize() };
  } catch {
    throw new UnusablePattern(unsupported(source));
  }
}

/** The standard requires the flag `u`, but some patterns in use are valid only without it. */
function syntaxProblem(source: string): string | null {
  try {
    new RegExp(source, "u");
    return null;
  } catch {}
  try {
    new RegExp(source);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Returns what keeps a valid pattern from being matched in linear time. */
function unsupported(source: string): string {
  const reason = "because patterns are matched in linear time";
  if (/\(\?[=!]/.test(source)) return `The pattern contains a lookahead, which is not supported, ${reason}.`;
  if (/\\(?:[1-9]|k<)/.test(source)) return `The pattern contains a backreference, which is not supported, ${reason}.`;
  if (/\{\d/.test(source)) return "The pattern repeats something more than 1,000 times, which is the limit.";
  return `The pattern contains something that is not supported, ${reason}.`;
}
