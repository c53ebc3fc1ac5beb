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
    /** Index in `code` at which the downgrade begins. It is the beginning of a line. */
    readonly begin: number;
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
    const begin = code.length;
    code += `${downgrade}\nreturn downgrade; })(),`;
    return { version, begin };
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

const [LF, CR, LINE_SEPARATOR, PARAGRAPH_SEPARATOR] = [0x0a, 0x0d, 0x2028, 0x2029];

/** Returns the number of lines that end between two indices, as JavaScript defines it. */
function lineEnds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) {
    const unit = text.charCodeAt(at);
    const isEnd = unit === LF || unit === LINE_SEPARATOR || unit === PARAGRAPH_SEPARATOR;
    if (isEnd || (unit === CR && text.charCodeAt(at + 1) !== LF)) count++;
  }
  return count;
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
function placeOf(problem: SandboxProblem, program: DowngradeProgram): string {
  const { line } = problem;
  const place = line === null ? null : lineIn(program, line);
  if (place === null) {
    return `versions ${program.steps.map(({ version }) => version).join(", ")}: ${problem.message}`;
  }
  return `version ${place.version}, ${problemText({ ...problem, line: place.line })}`;
}

/** A version, and a line in its downgrade. */
interface Place {
  readonly version: string;
  readonly line: number;
}

/** Returns the place of a line of a program. Null if the line is before all downgrades. */
function lineIn({ code, steps }: DowngradeProgram, line: number): Place | null {
  let place: Place | null = null;
  let linesBefore = 0;
  let from = 0;
  for (const { version, begin } of steps) {
    linesBefore += lineEnds(code, from, begin);
    if (linesBefore >= line) break;
    place = { version, line: line - linesBefore };
    from = begin;
  }
  return place;
}
