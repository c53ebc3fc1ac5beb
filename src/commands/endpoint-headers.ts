import { invalid } from "../core/problem.ts";
import { headersSizeProblem } from "../core/rule.ts";
import type { Endpoint } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { changeEndpoint } from "./endpoints.ts";

type Parts = Pick<CommandContext, "store" | "clock" | "facts" | "signals" | "challenges">;
type Headers = Endpoint["headers"];

/** Replaces the headers that are sent with every delivery to an endpoint. Returns the endpoint afterwards. */
export function replaceHeaders(parts: Parts, { seq }: Pick<Endpoint, "seq">, headers: Headers): Promise<Endpoint> {
  return changeEndpoint(parts, seq, () => ({ headers }));
}

/**
 * Sets headers of an endpoint, and removes those whose value is null. Names are compared ignoring
 * case, and the new spelling is kept. Returns the endpoint afterwards. Throws 422 if the result exceeds
 * the limits.
 */
export function patchHeaders(
  parts: Parts,
  { seq }: Pick<Endpoint, "seq">,
  changes: Readonly<Record<string, string | null>>,
): Promise<Endpoint> {
  return changeEndpoint(parts, seq, (before) => ({ headers: patched(before.headers, changes) }));
}

function patched(before: Headers, changes: Readonly<Record<string, string | null>>): Headers {
  const after = new Map(Object.entries(before).map(([name, value]) => [name.toLowerCase(), [name, value] as const]));
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) after.delete(name.toLowerCase());
    else after.set(name.toLowerCase(), [name, value]);
  }
  const headers = Object.fromEntries(after.values());
  const problem = headersSizeProblem(headers);
  if (problem !== null) throw invalid(["body", "headers"], problem);
  return headers;
}
