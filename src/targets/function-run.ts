import type { FunctionMessage, FunctionSender } from "../core/function-message.ts";
import type { Shortage } from "../ports.ts";
import type {
  HostedCall,
  HostedResult,
  HostFetch,
  HostReply,
  HostRequest,
  Sandbox,
  SandboxResult,
} from "../sandbox/sandbox.ts";
import type { Fetched, FunctionFetcher } from "./function-fetch.ts";
import type { FunctionRoom } from "./function-room.ts";

/** Maximum length of all responses of one call. */
const RESPONSES_CHARS_MAX = 2 * 1_048_576;
const NO_ROOM = "The functions that wait keep too many requests and responses. Try again later.";

export interface FunctionRunParts {
  readonly sandbox: Sandbox;
  readonly fetcher: FunctionFetcher;
  readonly room: FunctionRoom;
  readonly send: FunctionSender;
}

/** A function and the message that it handles. */
export interface FunctionTask extends Pick<FunctionMessage, "applicationSeq" | "causeSeq" | "deliverySeq"> {
  /** Returns the call without what depends on the replies. */
  readonly prepare: () => Omit<HostedCall, "callsBefore" | "replies">;
  /** Time limit of each request, in ms. */
  readonly timeoutMs: number;
}

/** How a function ended. `aborted`: its signal was aborted first. */
export type FunctionEnd =
  | SandboxResult
  | { readonly kind: "aborted"; readonly logs: readonly string[] }
  | (Shortage & { readonly logs?: undefined });

/**
 * One attempt of a function. Runs the code, carries out what it asks of the host, and runs it again with
 * the replies, until it ends.
 */
export class FunctionRun {
  readonly #replies: HostReply[] = [];
  /** Number of replies that the latest run got. */
  #given = 0;
  #requests = 0;
  #sends = 0;
  #responseChars = 0;
  /** Length of the requests and responses that are kept. */
  #keptChars = 0;
  #logs: readonly string[] = [];
  #shortage: Shortage | null = null;
  /** An error of our own, which ends the attempt. */
  #defect: { readonly error: unknown } | null = null;
  /** The messages that are being sent. */
  readonly #sending = new Set<Promise<void>>();
  /** Problems of messages, by the index of the call. */
  readonly #unsent = new Map<number, string>();
  #wake: () => void = () => {};
  readonly #fetches = new AbortController();

  constructor(
    private readonly parts: FunctionRunParts,
    private readonly task: FunctionTask,
    private readonly signal: AbortSignal,
  ) {}

  /** Rejects with `SandboxBusy` if the code was not run. */
  async run(): Promise<FunctionEnd> {
    const wake = () => this.#wake();
    this.signal.addEventListener("abort", wake);
    try {
      for (;;) {
        const result = await this.#step();
        if (result === null) return { kind: "aborted", logs: this.#logs };
        this.#begin(result);
        if (result.kind !== "waiting") return await this.#end(result);
        this.#logs = result.logs;
        await this.#nextReply();
        if (this.#defect !== null) throw this.#defect.error;
        if (this.#shortage !== null) return this.#shortage;
        if (this.signal.aborted) return { kind: "aborted", logs: this.#logs };
      }
    } finally {
      this.signal.removeEventListener("abort", wake);
      this.#fetches.abort();
      this.parts.room.giveBack(this.task.applicationSeq, this.#keptChars);
    }
  }

  /** Runs the code with the replies so far. Returns null if the signal was aborted first. */
  async #step(): Promise<HostedResult | null> {
    const { sandbox } = this.parts;
    const isRerun = this.#requests > 0;
    const prepare = (): HostedCall => {
      this.#given = this.#replies.length;
      return { ...this.task.prepare(), callsBefore: this.#requests, replies: [...this.#replies] };
    };
    try {
      return await sandbox.runHosted(this.task.applicationSeq, prepare, isRerun, this.signal);
    } catch (error) {
      if (this.signal.aborted) return null;
      throw error;
    }
  }

  /** Begins what the code has asked for. The code that has ended gets no responses any more. */
  #begin({ kind, requests = [] }: HostedResult): void {
    for (const request of requests) {
      const call = this.#requests++;
      if (request.name === "fetch" && kind !== "waiting") continue;
      if (!this.#keep(charsOf(request))) this.#refuse(call, request.name);
      else if (request.name === "fetch") void this.#fetch(call, request.argument).catch((error) => this.#fail(error));
      else this.#send(call, request.argument);
    }
  }

  /** Returns false if there is no room, or if the attempt has ended. */
  #keep(chars: number): boolean {
    if (this.#fetches.signal.aborted) return false;
    const hasRoom = this.parts.room.take(this.task.applicationSeq, chars);
    if (hasRoom) this.#keptChars += chars;
    return hasRoom;
  }

  #refuse(call: number, name: HostRequest["name"]): void {
    if (name === "send") {
      this.#sends++;
      this.#unsent.set(call, NO_ROOM);
    }
    this.#reply(call, { problem: NO_ROOM });
  }

  #fail(error: unknown): void {
    this.#defect = { error };
    this.#wake();
  }

  async #fetch(call: number, argument: HostFetch): Promise<void> {
    const { applicationSeq, timeoutMs } = this.task;
    const signal = AbortSignal.any([this.signal, this.#fetches.signal]);
    const fetched = await this.parts.fetcher.request(applicationSeq, argument, timeoutMs, signal);
    if ("kind" in fetched) {
      this.#shortage = fetched;
      this.#wake();
      return;
    }
    this.#reply(call, this.#withinRoom(fetched));
  }

  #withinRoom(fetched: Exclude<Fetched, Shortage>): Exclude<Fetched, Shortage> {
    if ("problem" in fetched) return fetched;
    this.#responseChars += fetched.body.length;
    if (this.#responseChars > RESPONSES_CHARS_MAX) {
      return { problem: `The responses have more than ${RESPONSES_CHARS_MAX} characters together.` };
    }
    return this.#keep(fetched.body.length) ? fetched : { problem: NO_ROOM };
  }

  #send(call: number, json: string): void {
    const { applicationSeq, causeSeq, deliverySeq } = this.task;
    const index = this.#sends++;
    const message = { applicationSeq, causeSeq, deliverySeq, index, json };
    const sending = this.parts
      .send(message)
      .then((sent) => {
        if ("problem" in sent) this.#unsent.set(call, sent.problem);
        this.#reply(call, sent);
      })
      .catch((error) => this.#fail(error))
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  #reply(call: number, value: Exclude<Fetched, Shortage> | { readonly id: string }): void {
    const isOk = !("problem" in value);
    this.#replies.push({ call, isOk, json: JSON.stringify(isOk ? value : value.problem) });
    this.#wake();
  }

  async #nextReply(): Promise<void> {
    const hasEnded = this.#shortage !== null || this.#defect !== null || this.signal.aborted;
    if (hasEnded || this.#replies.length > this.#given) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = () => {};
  }

  /**
   * Ends the attempt. Messages that the code has sent without waiting for them are still sent. If one
   * cannot be, the attempt fails, because the code has not noticed.
   */
  async #end(result: SandboxResult): Promise<SandboxResult> {
    const noticed = this.#given;
    await Promise.all(this.#sending);
    if (this.#defect !== null) throw this.#defect.error;
    if (result.kind === "failed") return result;
    const unnoticed = this.#replies.slice(noticed).find(({ call }) => this.#unsent.has(call));
    if (unnoticed === undefined) return result;
    const message = `ctx.send: ${this.#unsent.get(unnoticed.call)}`;
    return { kind: "failed", cause: "exception", message, line: null, column: null, logs: result.logs };
  }
}

/** Returns the approximate length of what a function asks for. The code may have made it of anything. */
function charsOf({ argument }: HostRequest): number {
  return typeof argument === "string" ? argument.length : JSON.stringify(argument).length;
}
