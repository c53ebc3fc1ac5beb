import { isValidUtf8 } from "../core/json.ts";
import type { VersionPlan } from "../core/payload-version.ts";
import { noSandboxThread } from "../core/shortage.ts";
import type { Shortage } from "../ports.ts";
import { type Sandbox, SandboxBusy, type SandboxResult } from "../sandbox/sandbox.ts";
import { downgradeCall, downgradedBy, downgradeProgram } from "./downgrade.ts";
import type { TargetEndpoint, TargetMessage } from "./target.ts";

/** The result of the downgrades of a message, or the reason why they failed. */
export type DowngradeResult =
  /** `payload` is null if it is unchanged. */
  | { readonly kind: "payload"; readonly payload: Uint8Array | null; readonly logs: readonly string[] }
  | { readonly kind: "problem"; readonly detail: string; readonly logs: readonly string[] };

/** The parts that downgrades run with. */
export interface DowngradeParts {
  readonly sandbox: Sandbox | undefined;
  /** Maximum size of the result. */
  readonly maxBodyBytes: number;
  /** The time that the code sees. */
  readonly now: number;
}

/** Runs the downgrades of a message for an endpoint. Returns a shortage if no thread of the sandbox is free. */
export async function runDowngrades(
  { sandbox, maxBodyBytes, now }: DowngradeParts,
  { applicationSeq = 0 }: Pick<TargetEndpoint, "applicationSeq">,
  message: Pick<TargetMessage, "seq" | "payload" | "eventType">,
  { downgrades }: VersionPlan,
  signal?: AbortSignal,
): Promise<DowngradeResult | Shortage> {
  // Downgrades change only text.
  if (downgrades.length === 0 || !isValidUtf8(message.payload)) return { kind: "payload", payload: null, logs: [] };
  if (sandbox === undefined) return noSandboxThread;
  const program = downgradeProgram(downgrades);
  let result: SandboxResult;
  try {
    result = await sandbox.run(applicationSeq, () => downgradeCall(program, message, now), signal);
  } catch (error) {
    if (error instanceof SandboxBusy) return noSandboxThread;
    throw error;
  }
  return { ...downgradedBy(result, program, maxBodyBytes), logs: result.logs };
}
