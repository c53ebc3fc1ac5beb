import { FreshContext } from "./fresh-context.ts";
import { computingMs, type Interpreter, Interpreters, Overrun } from "./interpreter.ts";
import { withPayload } from "./payload.ts";
import type { HostedCall, HostedResult, SandboxCall, SandboxLimits, SandboxProblem } from "./sandbox.ts";
import { runScript, Spent } from "./script.ts";

/** A message from the main thread: the limits first, then one call at a time. */
export type ToWorker = { readonly limits: SandboxLimits } | { readonly call: SandboxCall | HostedCall };

/** A message to the main thread: the thread is ready, a result of a call, or an error in this program. */
export type FromWorker =
  | { readonly ready: true }
  | { readonly result: HostedResult; readonly computingMs: number }
  | { readonly defect: string };

/** The worker thread's end of the connection to the main thread. */
interface Connection {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
}

/** Opens and warms up the interpreter, so that the first real call is not slower than others. */
const FIRST_CALL: SandboxCall = {
  code: "function handler(input) { return input; }",
  argument: "{}",
  variables: {},
  now: 0,
  seed: 0,
};

/** Runs the calls that the main thread sends, and responds to each. */
export function serveCalls(connection: Connection): void {
  let calls: Calls | null = null;
  connection.onmessage = ({ data }) => {
    if ("limits" in data) {
      calls = new Calls(data.limits);
      void respond(calls.run(FIRST_CALL).then(() => ({ ready: true })));
    } else if (calls !== null) {
      void respond(calls.run(data.call));
    }
  };

  async function respond(message: Promise<FromWorker>): Promise<void> {
    try {
      connection.postMessage(await message);
    } catch (error) {
      connection.postMessage({ defect: String(error) });
    }
  }
}

interface Ready {
  readonly interpreter: Interpreter;
  readonly fresh: FreshContext;
}

/** Runs calls in an interpreter that is replaced when a call has broken it. */
export class Calls {
  readonly #interpreters: Interpreters;
  #ready: Ready | null = null;

  constructor(private readonly limits: SandboxLimits) {
    this.#interpreters = new Interpreters(limits.memoryBytesMax);
  }

  async run(call: SandboxCall | HostedCall): Promise<{ readonly result: HostedResult; readonly computingMs: number }> {
    const startMs = computingMs();
    const result = await this.#resultOf(call);
    return { result, computingMs: computingMs() - startMs };
  }

  async #resultOf(call: SandboxCall | HostedCall): Promise<HostedResult> {
    this.#ready ??= await this.#open();
    try {
      const ready = this.#ready;
      const run = (plain: SandboxCall | HostedCall) => this.#runIn(ready, plain);
      return call.payload === undefined ? run(call) : withPayload({ ...call, payload: call.payload }, run);
    } catch (error) {
      this.#ready = null;
      return problemOf(error);
    }
  }

  async #open(): Promise<Ready> {
    const interpreter = await this.#interpreters.open();
    return { interpreter, fresh: new FreshContext(interpreter, this.limits) };
  }

  #runIn({ interpreter, fresh }: Ready, call: SandboxCall | HostedCall): HostedResult {
    try {
      return runScript(interpreter, fresh, call, this.limits);
    } catch (error) {
      if (!(error instanceof Spent)) throw error;
      this.#ready = null;
      return error.result;
    }
  }
}

/**
 * Returns what an error of the interpreter itself means for the call: the code ran too long in a
 * function of the interpreter, or nested so deeply that the stack of the thread was used up.
 */
function problemOf(error: unknown): SandboxProblem {
  const unknown = { kind: "failed", line: null, column: null, logs: [] } as const;
  if (error instanceof Overrun) return { ...unknown, cause: "timeout", message: "timeout" };
  if (error instanceof RangeError) return { ...unknown, cause: "exception", message: "InternalError: stack overflow" };
  if (error instanceof WebAssembly.RuntimeError) {
    return { ...unknown, cause: "exception", message: "InternalError: the interpreter failed" };
  }
  throw error;
}
