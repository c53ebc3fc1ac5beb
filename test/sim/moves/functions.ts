import type { HostedCall, HostedResult } from "../../../src/sandbox/sandbox.ts";
import type { Dice } from "../dice.ts";
import { runFunction } from "../functions.ts";
import type { MoveChecks } from "./checks.ts";
import type { MoveFaults } from "./faults.ts";
import type { Site } from "./site.ts";

/** Number of messages that the function sends for a message of the producer. */
export const PARTS = 2;

/** Sends messages for those of the producer. Receives only what it has sent itself. */
export const FUNCTION_CODE = `async function handler({ payload }, ctx) {
  if (payload.number === undefined) return "nothing to send";
  for (let part = 0; part < ${PARTS}; part++) {
    await ctx.send({ eventType: "sent", payload: { cause: payload.number, part } });
  }
  return "sent";
}`;

interface Parts {
  readonly dice: Dice;
  readonly checks: MoveChecks;
  readonly faults: MoveFaults;
}

/**
 * Runs the function at a site. It fails as often as an endpoint, also after it has sent messages. For every other
 * message, it throws when it has sent them, until nothing fails any more.
 */
export async function runAt(
  { dice, checks, faults }: Parts,
  site: Site,
  call: HostedCall,
  isRerun: boolean,
): Promise<HostedResult> {
  const { id } = JSON.parse(call.argument!) as { readonly id: string };
  if (!isRerun) checks.functionBegan(site, id);
  const isUnlucky = faults.failsResponse() && dice.chance(0.5);
  const { number } = JSON.parse(Buffer.from(call.payload!.bytes).toString()) as { readonly number?: number };
  const result = await runFunction(call);
  const throwsAtEnd = faults.areOn && number !== undefined && number % 2 === 1;
  if (isUnlucky || (throwsAtEnd && result.kind === "returned")) {
    const requests = result.requests && { requests: result.requests };
    const thrown = { kind: "failed", cause: "exception", message: "It throws.", line: 1, column: 1, logs: [] } as const;
    return { ...thrown, ...requests };
  }
  if (result.kind === "returned") checks.functionReturned(id);
  return result;
}
