/** Runs code of customers for requests. */
import type { Seq } from "../core/id.ts";
import { invalid, Problem } from "../core/problem.ts";
import { problemPlace, type Sandbox, SandboxBusy, type SandboxCall, type SandboxResult } from "../sandbox/sandbox.ts";

/** Runs a call. Throws 429 if too many calls are waiting, and 422 at `loc` if the code fails. */
export async function runCode(
  sandbox: Sandbox,
  owner: Seq,
  loc: readonly string[],
  call: SandboxCall,
): Promise<Extract<SandboxResult, { readonly kind: "returned" }>> {
  const result = await unlessBusy(() => sandbox.run(owner, () => call));
  if (result.kind === "failed") throw invalid([...loc], problemPlace(result));
  return result;
}

/** Checks that the code can be parsed, runs at its top level, and defines `handler`. Throws like `runCode`. */
export async function checkCode(
  sandbox: Sandbox,
  owner: Seq,
  loc: readonly string[],
  call: Pick<SandboxCall, "code" | "variables" | "now">,
): Promise<void> {
  await runCode(sandbox, owner, loc, { ...call, argument: null, seed: 0 });
}

async function unlessBusy<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof SandboxBusy)) throw error;
    throw new Problem(429, "too_many_requests", "Too many transformations are waiting. Try again later.", 1);
  }
}
