import type { Meter } from "./metered.ts";

/** Longer than any sound pattern takes for any text; the engine itself gives up a search after about half a second. */
const RUNAWAY_MS = 150;
/** So many characters of a text cost as much as a visit of a schema. */
const CHARS_PER_STEP = 64;

/** What a validator needs of a regular expression. */
export interface Pattern {
  test(text: string): boolean;
  toString(): string;
}

/**
 * A `pattern` of a schema. Some expressions take exponential time on some texts, and which ones cannot be told beforehand.
 * One that has been seen to run away is not applied any more, so it can hold up the server only once.
 *
 * Throws a `SyntaxError` when it is no expression.
 */
export function makePattern(source: string, meter: Meter): Pattern {
  const expression = expressionOf(source);
  let hasRunAway = false;
  return {
    test(text) {
      if (hasRunAway) return true;
      meter.spend(1 + text.length / CHARS_PER_STEP);
      const startedAt = performance.now();
      const matches = expression.test(text);
      hasRunAway = performance.now() - startedAt > RUNAWAY_MS;
      return hasRunAway || matches;
    },
    toString: () => String(expression),
  };
}

/** With the `u` flag, as the standard says; without it when it holds escapes that are only known there. */
function expressionOf(source: string): RegExp {
  try {
    return new RegExp(source, "u");
  } catch {
    return new RegExp(source);
  }
}
