import type { PayloadVersion } from "../core/resources/payload-version.ts";
import { problemText, type SandboxCall, type SandboxProblem, type SandboxResult } from "../sandbox/sandbox.ts";
import type { TargetMessage } from "./target.ts";

/** The name of the function that a downgrade defines. */
export const DOWNGRADE_ENTRY = "downgrade";

/** A program that runs several downgrades one after the other, in one call of the sandbox. */
export interface DowngradeProgram {
  readonly code: string;
  /** The versions, in the order of their downgrades. */
  readonly steps: ReadonlyArray<{
    readonly version: string;
    /** Number of lines of `code` before the downgrade's own first line. */
    readonly linesBefore: number;
  }>;
}

/** The result of the downgrades of a payload, or the reason why they failed. */
export type Downgraded =
  /** `payload` is null if it is unchanged. */
  | { readonly kind: "payload"; readonly payload: Uint8Array | null }
  | { readonly kind: "problem"; readonly detail: string };

/**
 * Returns a program whose `handler` calls the downgrades. Each one is the body of a function of its
 * own, so that their names do not collide. It begins at the first column of a line.
 */
export function downgradeProgram(
  versions: ReadonlyArray<Pick<PayloadVersion, "version" | "downgrade">>,
): DowngradeProgram {
  let code = HEAD;
  const steps = versions.map(({ version, downgrade }) => {
    code += "(function () {\n";
    const linesBefore = linesOf(code) - 1;
    code += `${downgrade}\nreturn downgrade; })(),`;
    return { version, linesBefore };
  });
  return { code: `${code}\n);`, steps };
}

/** The call returns the index of a downgrade that returned nothing, or the payload. */
const HEAD = `const handler = ((...downgrades) => async ({ payload, eventType }) => {
  for (let index = 0; index < downgrades.length; index++) {
    payload = await downgrades[index](payload, eventType);
    if (payload === undefined) return { payload: null, missing: index };
  }
  return { payload };
})(
`;

/** Lines end as JavaScript defines it. */
function linesOf(text: string): number {
  return text.split(/\r\n|[\n\r\u2028\u2029]/).length;
}

/** Returns the call that downgrades a message. `now` is the time that the code sees. */
export function downgradeCall(
  { code }: DowngradeProgram,
  { seq, payload, eventType = "" }: Pick<TargetMessage, "seq" | "payload" | "eventType">,
  now: number,
): SandboxCall {
  return {
    code,
    argument: JSON.stringify({ eventType }),
    // The bytes are copied, because they are handed over to another thread.
    payload: { field: "payload", bytes: new Uint8Array(payload), form: "json" },
    variables: {},
    now,
    seed: (seq + now) % Number.MAX_SAFE_INTEGER,
  };
}

/** Returns what the result of the call means. */
export function downgradedBy(result: SandboxResult, program: DowngradeProgram, bodyBytesMax: number): Downgraded {
  if (result.kind === "failed") return { kind: "problem", detail: placeOf(result, program) };
  const { missing } = JSON.parse(result.json ?? "{}") as { readonly missing?: number };
  const { payload } = result;
  if (missing !== undefined || payload === undefined || payload === "invalid") {
    const { version } = program.steps[missing ?? program.steps.length - 1]!;
    return { kind: "problem", detail: `version ${version}: \`downgrade\` must return the payload.` };
  }
  if (payload === "unchanged") return { kind: "payload", payload: null };
  if (payload.byteLength <= bodyBytesMax) return { kind: "payload", payload };
  return { kind: "problem", detail: `The payload in the earlier version has more than ${bodyBytesMax} bytes.` };
}

/** Returns the problem with the version and the line in its downgrade. */
function placeOf(problem: SandboxProblem, { steps }: DowngradeProgram): string {
  const { line } = problem;
  const step = line === null ? undefined : steps.findLast(({ linesBefore }) => linesBefore < line);
  if (step === undefined || line === null) {
    return `versions ${steps.map(({ version }) => version).join(", ")}: ${problem.message}`;
  }
  return `version ${step.version}, ${problemText({ ...problem, line: line - step.linesBefore })}`;
}
