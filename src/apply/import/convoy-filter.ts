/** Converts the filters of Convoy's subscriptions. */
import type { ExactObject } from "../../core/exact-json.ts";
import { Invalid } from "../../core/problem.ts";
import { compileFilter } from "../../filter/compile.ts";
import type { Json } from "../json.ts";

/** The names of operators that have another name in Convoy. */
const RENAMED: Readonly<Record<string, string>> = { $neq: "$ne", $exist: "$exists" };
/** The names of the parts of a filter, by their names in Convoy. */
const SCOPES: Readonly<Record<string, string>> = { body: "payload", headers: "headers" };

/** Returns a filter with the same meaning, null if there are no conditions, or why there is none. */
export function convoyFilter(filter: Json | null): { readonly filter: Json | null } | { readonly problem: string } {
  const conditions = Object.entries(filter ?? {}).filter(([, value]) => isCondition(value));
  const other = conditions.find(([scope]) => !Object.hasOwn(SCOPES, scope));
  if (other !== undefined) return { problem: `There are no conditions on the ${other[0]}.` };
  if (conditions.length === 0) return { filter: null };
  const converted = Object.fromEntries(conditions.map(([scope, value]) => [SCOPES[scope]!, renamed(value)]));
  if (hasPosition(converted)) return { problem: "Conditions on positions in lists cannot be copied." };
  try {
    compileFilter(converted as ExactObject, []);
    return { filter: converted };
  } catch (error) {
    if (error instanceof Invalid)
      return { problem: error.findings.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join(" ") };
    throw error;
  }
}

/** Returns whether a part of a filter is a condition, and not a flag such as `is_flattened`. */
function isCondition(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [RENAMED[key] ?? key, renamed(inner)]));
}

/** `$.` stands for any position in a list. */
function hasPosition(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => /(^|\.)\$(\.|$)/.test(key) || hasPosition(inner));
}
