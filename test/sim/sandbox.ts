import type { Sandbox, SandboxProblem, SandboxResult } from "../../src/sandbox/sandbox.ts";
import { type HostedCall, type HostedResult, SandboxBusy, type SandboxCall } from "../../src/sandbox/sandbox.ts";
import type { VirtualClock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import { hostOfFunction, runFunction } from "./functions.ts";
import type { Marks } from "./marks.ts";
import type { Network } from "./network.ts";
import { isDowngrade, parsedAsCodeSees, runDowngrades } from "./versions.ts";

/** Chance that code throws although it is right. */
const THROWS = 0.15;
/** Chance that a transformation cancels a delivery. */
const CANCELS = 0.05;

const THROWN: SandboxProblem = {
  ...{ kind: "failed", cause: "exception", message: "TypeError: x is not a function", line: 3, column: 1, logs: [] },
};

interface Around {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly network: Network;
  readonly marks: Marks;
  /** Chance per call that all threads are busy. */
  readonly busy: number;
  /** Called when a function has asked for something, and when it has ended. */
  readonly onFunctionStep: () => void;
}

/**
 * Runs the code of the simulation in the interpreter of the tests. Calls take time, and some of them
 * fail. The sandbox outlives the program.
 */
export class FaultySandbox implements Sandbox {
  constructor(private readonly around: Around) {}

  /** Runs downgrades, or a transformation that leaves messages unchanged. */
  async run(_: unknown, prepare: () => SandboxCall): Promise<SandboxResult> {
    const { code, argument, payload } = prepare();
    // Only checks whether the code can be run.
    if (argument === null) return { kind: "returned", json: null, logs: [] };
    const luck = this.#rollLuck();
    await this.#pass();
    if (luck < this.around.busy) throw new SandboxBusy("Too many calls are waiting.");
    if (isDowngrade(code)) return this.#downgrade(code, argument, payload!.bytes);
    if (luck < THROWS) return THROWN;
    if (luck < THROWS + CANCELS)
      return { kind: "returned", json: '{"cancel":"not wanted"}', payload: "unchanged", logs: [] };
    return { kind: "returned", json: argument, payload: "unchanged", logs: ["seen"] };
  }

  /** Runs a function. A function that returns has received its message. */
  async runHosted(_: unknown, prepare: () => HostedCall, isRerun: boolean): Promise<HostedResult> {
    const { busy, network, onFunctionStep } = this.around;
    const luck = this.#rollLuck();
    await this.#pass();
    if (luck < busy && !isRerun) throw new SandboxBusy("Too many calls are waiting.");
    const call = prepare();
    const result = await runFunction(call);
    if (result.requests !== undefined || result.kind !== "waiting") onFunctionStep();
    if (luck < THROWS) return { ...THROWN, ...(result.requests && { requests: result.requests }) };
    if (result.kind === "returned") {
      const { id } = JSON.parse(call.argument!) as { readonly id: string };
      network.arrivals.push({ host: hostOfFunction(call.code), messageId: id, body: call.payload!.bytes });
    }
    return result;
  }

  async #downgrade(code: string, argument: string, payload: Uint8Array): Promise<SandboxResult> {
    try {
      const before = parsedAsCodeSees(payload);
      const after = await runDowngrades(code, argument, before);
      const bytes = after === before ? "unchanged" : Buffer.from(JSON.stringify(after));
      return { kind: "returned", json: "{}", payload: bytes, logs: [] };
    } catch {
      this.around.marks.hit("version: downgrade threw");
      return THROWN;
    }
  }

  /** Returns a number from 0 to 1. Low numbers are bad luck. */
  #rollLuck(): number {
    const { network, dice } = this.around;
    return network.onlyEndpointsMayFail ? 1 : dice.next();
  }

  #pass(): Promise<void> {
    const { clock, dice } = this.around;
    return new Promise((resolve) => clock.at(dice.below(dice.pick([3, 80])), resolve));
  }
}
