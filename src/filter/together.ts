import { invalid } from "../core/problem.ts";
import { weightOf } from "./expression.ts";

/**
 * Limits of the filters of one application together. The first message after a start compiles all of
 * them, and so does each message if the cache has no room for them. Compiling takes up to about 0.5 µs
 * for each character and 20 µs for each unit of weight. One application within these limits has room
 * in the cache.
 */
export const filterCharsMax = 1024 * 1024;
export const filterWeightMax = 50_000;

/** The weight that each expression has at least. */
export const expressionWeightMin = 50;

/** Throws 422 if these are too many for the filters of one application. They are given as JSON. */
export function checkTogether(filters: readonly string[]): void {
  const chars = filters.reduce((sum, text) => sum + text.length, 0);
  if (chars > filterCharsMax) {
    throw refused(`would have ${chars} characters together. They may have ${filterCharsMax}`);
  }
  const weight = filters.reduce((sum, text) => sum + weightIn(text), 0);
  if (weight > filterWeightMax) {
    throw refused(
      `would have expressions with ${Math.ceil(weight)} characters together. They may have ${filterWeightMax}, and each counts at least ${expressionWeightMin}`,
    );
  }
}

function refused(text: string) {
  return invalid(["body", "filter"], `The filters of all endpoints of the application ${text}.`);
}

/** Returns the weight of all expressions in a filter. */
function weightIn(text: string): number {
  return text.includes('"$regex"') ? weightOfAll(JSON.parse(text)) : 0;
}

function weightOfAll(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let weight = 0;
  for (const inner of Object.values(value)) weight += weightOfAll(inner);
  const { $regex, $options = "" } = value as { readonly $regex?: unknown; readonly $options?: unknown };
  if (typeof $regex !== "string") return weight;
  return weight + Math.max(expressionWeightMin, weightOf($regex, String($options)));
}
