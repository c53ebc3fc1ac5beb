/** What requests mean by a transformation, and the checks of its code. */
import { isDeepStrictEqual } from "node:util";
import { setMark } from "../core/endpoint-auth.ts";
import type { Seq } from "../core/id.ts";
import { invalid } from "../core/problem.ts";
import { noTransformation, type Transformation } from "../core/resources/endpoint-transformation.ts";
import type { CommandContext } from "./context.ts";
import { checkCode } from "./foreign-code.ts";

type Loc = readonly string[];
type Variables = Transformation["variables"];

/** The fields to change. Absent fields are unchanged; `code: null` also disables the transformation. */
export interface TransformationPatch {
  readonly code?: string | null;
  readonly enabled?: boolean;
  readonly variables?: Variables;
}

/**
 * Returns the transformation after a request, with stored values in the places of marks. Its
 * `updatedAt` is `now` unless nothing changes. `loc` is the place of `patch` in the request. Throws 422
 * if a transformation without code is enabled, or if a variable keeps a value that it does not have.
 */
export function meantTransformation(
  patch: TransformationPatch,
  stored: Transformation | null,
  loc: Loc,
  now: number,
): Transformation {
  const before = stored ?? noTransformation;
  const { code = before.code, enabled, variables } = patch;
  if (code === null && enabled === true)
    throw invalid([...loc, "enabled"], "A transformation without code cannot be enabled.");
  const after = {
    code,
    enabled: code !== null && (enabled ?? before.enabled),
    variables: variables === undefined ? before.variables : meantVariables(variables, before.variables, loc),
  };
  const { updatedAt, ...same } = before;
  return { ...after, updatedAt: isDeepStrictEqual(after, same) ? (updatedAt ?? null) : now };
}

/** Returns the variables of a request with the stored values in the places of marks. */
export function meantVariables(sent: Variables, before: Variables, loc: Loc): Variables {
  if (sent === null) return null;
  const meant = Object.entries(sent).map(([name, value]): [string, string] => {
    if (value !== setMark) return [name, value];
    const stored = before !== null && Object.hasOwn(before, name) ? before[name] : undefined;
    if (stored === undefined) throw invalid([...loc, "variables", name], "The variable has no stored value.");
    return [name, stored];
  });
  return Object.fromEntries(meant);
}

/**
 * Checks that the code of a request, if any, can be parsed, runs at its top level, and defines
 * `handler`. Throws 422 if not, and 429 if too much code waits.
 */
export async function checkTransformation(
  { sandbox, clock }: Pick<CommandContext, "sandbox" | "clock">,
  owner: Seq,
  loc: Loc,
  { code = null, variables: sent = null }: TransformationPatch,
  before: Transformation | null,
): Promise<void> {
  if (code === null) return;
  const stored = before?.variables ?? null;
  const variables = (sent === null ? stored : meantVariables(sent, stored, loc)) ?? {};
  await checkCode(sandbox, owner, [...loc, "code"], { code, variables, now: clock.now() });
}
