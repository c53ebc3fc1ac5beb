import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from "quickjs-emscripten-core";
import type { FreshContext } from "./fresh-context.ts";
import type { Interpreter } from "./interpreter.ts";
import type { HostedCall, HostedResult, HostRequest, SandboxCall, SandboxLimits, SandboxProblem } from "./sandbox.ts";

const FILE = "code.js";
const DEFAULT_ENTRY = "handler";
/** Number of promise jobs between two looks at the clock. */
const JOBS = 1_000;
const MESSAGE_CHARS_MAX = 1_000;

/** Why a call ends early. */
class Failed extends Error {
  constructor(readonly problem: Omit<SandboxProblem, "kind" | "logs">) {
    super(problem.message);
  }
}

/** The code can only wait for the host. */
class Waiting extends Error {}

/** A call has ended, but the interpreter must not be used again. */
export class Spent extends Error {
  override readonly name = "Spent";
  constructor(readonly result: HostedResult) {
    super("The interpreter must be replaced after this call.");
  }
}

/**
 * Runs a call in a fresh context. Throws whatever the interpreter itself throws, such as `Overrun`,
 * or `Spent`; the interpreter must then not be used again.
 */
export function runScript(
  interpreter: Interpreter,
  fresh: FreshContext,
  call: SandboxCall | HostedCall,
  limits: SandboxLimits,
): HostedResult {
  const { clock } = interpreter;
  clock.start(limits.timeoutMs);
  clock.now = call.now;
  fresh.reset(call.seed);
  const result = new Script(fresh, interpreter).run(call, limits);
  clock.stop();
  if (fresh.isTooLarge) throw new Spent(result);
  return result;
}

/** One call in its context. */
class Script {
  private readonly runtime: QuickJSRuntime;
  private readonly context: QuickJSContext;
  /** The functions around code that may call the host. Null until they are defined. */
  #host: QuickJSHandle | null = null;
  /** Number of replies that the code has got. */
  #replied = 0;

  constructor(
    private readonly fresh: FreshContext,
    private readonly interpreter: Interpreter,
  ) {
    this.runtime = fresh.runtime;
    this.context = fresh.context;
  }

  #isOverdue(): boolean {
    return this.interpreter.clock.isOverdue;
  }

  run(call: SandboxCall | HostedCall, { outputCharsMax }: SandboxLimits): HostedResult {
    let prelude: QuickJSHandle | null = null;
    const rest = () => ({ logs: prelude === null ? [] : this.#logs(prelude), ...this.#requests(call) });
    try {
      prelude = this.#prelude(call);
      if ("replies" in call) this.#host = this.#prepared(this.fresh.hostPrelude, call.context);
      const json = this.#call(prelude, call, outputCharsMax);
      return { kind: "returned", json, ...rest() };
    } catch (error) {
      if (error instanceof Waiting) return { kind: "waiting", ...rest() };
      if (!(error instanceof Failed)) throw error;
      return { kind: "failed", ...error.problem, ...rest() };
    }
  }

  /** Defines `console` and `variables` before the code runs, and returns the functions around it. */
  #prelude({ variables }: SandboxCall): QuickJSHandle {
    return this.#prepared(this.fresh.prelude, JSON.stringify(variables));
  }

  #prepared(prelude: QuickJSHandle, argument: string): QuickJSHandle {
    return this.#value(this.context.callFunction(prelude, this.context.undefined, this.#text(argument)));
  }

  #call(prelude: QuickJSHandle, call: SandboxCall | HostedCall, outputCharsMax: number): string | null {
    const { context } = this;
    const { code, argument, entry = DEFAULT_ENTRY } = call;
    this.#value(context.evalCode(code, FILE));
    const find = `typeof ${entry} === "function" ? ${entry} : undefined`;
    const handler = this.#value(context.evalCode(find, "prelude.js"));
    if (context.typeof(handler) !== "function") throw failed(`The code must define a function \`${entry}\`.`);
    if (argument === null) return null;
    const invoke = context.getProp(this.#host ?? prelude, "invoke");
    const returned = this.#value(context.callFunction(invoke, context.undefined, handler, this.#text(argument)));
    const write = context.getProp(prelude, "write");
    const json = this.#value(context.callFunction(write, context.undefined, this.#settled(returned, call)));
    if (context.typeof(json) !== "string") return null;
    if (this.#lengthOf(json) > outputCharsMax) {
      throw failed(`The result has more than ${outputCharsMax} characters.`, "output");
    }
    return context.getString(json);
  }

  /** Returns the value of a promise, or the value itself. */
  #settled(value: QuickJSHandle, call: SandboxCall | HostedCall): QuickJSHandle {
    let state = this.context.getPromiseState(value);
    while (state.type === "pending") {
      const done = this.runtime.executePendingJobs(JOBS);
      if (done.error !== undefined) throw this.#failure(done.error);
      if (this.#isOverdue()) throw failed("timeout", "timeout");
      state = this.context.getPromiseState(value);
      if (done.value === 0 && state.type === "pending") this.#reply(call);
    }
    if (state.type === "rejected") throw this.#failure(state.error);
    return state.notAPromise === true ? value : state.value;
  }

  /** Gives the code the next reply of the host. Throws if there is none. */
  #reply(call: SandboxCall | HostedCall): void {
    const host = this.#host;
    if (host === null || !("replies" in call)) throw neverSettles(call);
    const reply = call.replies[this.#replied];
    if (reply === undefined) {
      const requests = this.context.getProp(host, "requests");
      throw this.#lengthOf(requests) > this.#replied ? new Waiting() : neverSettles(call);
    }
    this.#replied++;
    const settle = this.context.getProp(host, "settle");
    const [at, isOk] = [this.context.newNumber(reply.call), reply.isOk ? this.context.true : this.context.false];
    this.#value(this.context.callFunction(settle, this.context.undefined, at, isOk, this.#text(reply.json)));
  }

  /** Returns the calls to the host that earlier runs have not made. */
  #requests(call: SandboxCall | HostedCall): { readonly requests?: readonly HostRequest[] } {
    if (this.#host === null || !("replies" in call)) return {};
    const texts = this.#textsOf(this.#host, "requests", call.callsBefore);
    return texts.length === 0 ? {} : { requests: texts.map((text) => JSON.parse(text) as HostRequest) };
  }

  #logs(prelude: QuickJSHandle): string[] {
    return this.#textsOf(prelude, "lines", 0).map((text) => JSON.parse(text) as string);
  }

  /** Returns the items of a list of texts, beginning with the index `from`. */
  #textsOf(owner: QuickJSHandle, list: string, from: number): string[] {
    const items = this.context.getProp(owner, list);
    return Array.from({ length: Math.max(0, this.#lengthOf(items) - from) }, (_, index) =>
      this.context.getString(this.context.getProp(items, from + index)),
    );
  }

  #lengthOf(value: QuickJSHandle): number {
    const length = this.context.getProp(value, "length");
    return this.context.typeof(length) === "number" ? this.context.getNumber(length) : 0;
  }

  #text(text: string): QuickJSHandle {
    return this.context.newString(text);
  }

  #value(result: ReturnType<QuickJSContext["evalCode"]>): QuickJSHandle {
    if (result.error !== undefined) throw this.#failure(result.error);
    return result.value;
  }

  /** Describes a value that was thrown. Calls nothing in the code, because it may not return. */
  #failure(thrown: QuickJSHandle): Failed {
    const { context } = this;
    if (context.typeof(thrown) !== "object" || context.sameValue(thrown, context.null)) {
      // Without memory for an error, QuickJS throws null.
      if (this.interpreter.lacksMemory()) return failed("memory", "memory");
      if (this.#isOverdue()) return failed("timeout", "timeout");
      const text = context.typeof(thrown) === "symbol" ? "a symbol" : String(context.dump(thrown));
      return failed(shortened(text) || "The code threw a value without a text.");
    }
    const [name, message, stack] = ["name", "message", "stack"].map((key) => this.#shownText(thrown, key));
    const place = /code\.js:(?<line>\d+):(?<column>\d+)/.exec(stack!)?.groups;
    const at = { line: place ? Number(place.line) : null, column: place ? Number(place.column) : null };
    // The interpreter states only in which function it was interrupted.
    const timeout = at.line === null ? "timeout" : "timeout in the function that begins here";
    if (this.#isOverdue()) return new Failed({ cause: "timeout", message: timeout, ...at });
    if (name === "InternalError" && message === "out of memory") {
      return new Failed({ cause: "memory", message: "memory", ...at });
    }
    const text = [name, message].filter((part) => part !== "").join(": ");
    return new Failed({ cause: "exception", message: shortened(text || "The code threw an object."), ...at });
  }

  /** Reads a property. Returns an empty text if it is no text or cannot be read. */
  #shownText(object: QuickJSHandle, key: string): string {
    try {
      const value = this.context.getProp(object, key);
      return this.context.typeof(value) === "string" ? this.context.getString(value) : "";
    } catch (error) {
      // Errors of the code arrive as errors with a `cause`; those of the interpreter itself do not.
      if (error instanceof Error && error.name !== "Overrun" && !(error instanceof RangeError)) return "";
      throw error;
    }
  }
}

function failed(message: string, cause: SandboxProblem["cause"] = "exception"): Failed {
  return new Failed({ cause, message, line: null, column: null });
}

function neverSettles({ entry = DEFAULT_ENTRY }: SandboxCall): Failed {
  return failed(`The promise of \`${entry}\` never settles.`);
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > MESSAGE_CHARS_MAX ? `${line.slice(0, MESSAGE_CHARS_MAX)}…` : line;
}
