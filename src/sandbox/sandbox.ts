import type { Seq } from "../core/id.ts";

/** Foreign code and what it is called with. */
export interface SandboxCall {
  /** JavaScript that defines a global function, the entry. */
  readonly code: string;
  /** The name of the entry, an identifier. The default is `handler`. */
  readonly entry?: string;
  /** The argument of the entry, as JSON text. Null: only checks that the code defines it. */
  readonly argument: string | null;
  /** A field of the argument that is passed as bytes, because it may be large. */
  readonly payload?: SandboxPayload;
  /** The global `variables`. */
  readonly variables: Readonly<Record<string, string>>;
  /** The time that the code sees, in ms since the Unix epoch. It stands still. */
  readonly now: number;
  /** Calls with the same seed get the same random numbers. A safe integer, not negative. */
  readonly seed: number;
}

/**
 * Foreign code that may call the host while it runs. Its `handler` has a second argument, which
 * `sandbox/host-prelude.ts` defines.
 *
 * A run does not wait for the host: it ends when the code can only wait, and the call is run again from
 * its beginning when there are replies. Waiting therefore needs no thread and no memory of an
 * interpreter. The runs do the same each time, because the code sees the same time, the same random
 * numbers, and the same replies in the same order.
 */
export interface HostedCall extends SandboxCall {
  /** Values that the second argument contains, as JSON text. */
  readonly context: string;
  /** Number of calls to the host that earlier runs have made. */
  readonly callsBefore: number;
  /** The replies to them so far, in the order in which they arrived. */
  readonly replies: readonly HostReply[];
}

/** A call of the code to the host. */
export type HostRequest =
  | { readonly name: "fetch"; readonly argument: HostFetch }
  /** The argument is the message as JSON text. */
  | { readonly name: "send"; readonly argument: string };

export interface HostFetch {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface HostReply {
  /** Index of the call, from 0. */
  readonly call: number;
  readonly isOk: boolean;
  /** The value, or a message if the call failed, as JSON text. */
  readonly json: string;
}

/** The result of one run of a `HostedCall`. */
export type HostedResult = (SandboxResult | SandboxWaiting) & {
  /** The calls to the host that earlier runs have not made. Absent if there are none. */
  readonly requests?: readonly HostRequest[];
};

/** The code has called the host and waits for a reply. */
export interface SandboxWaiting {
  readonly kind: "waiting";
  readonly logs: readonly string[];
}

/**
 * Why a call failed. `exception`: the code threw something or cannot be parsed. `timeout` and
 * `memory`: it used too much. `output`: the result is too long.
 */
export type SandboxCause = "exception" | "timeout" | "memory" | "output";

export interface SandboxPayload {
  /** The name of the field, in the argument and in the result. */
  readonly field: string;
  /** UTF-8. The buffer is handed over to another thread, so the bytes must have a buffer of their own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `text`: the field is a string. `json`: it is the parsed JSON, or a string if it is not JSON. */
  readonly form: "text" | "json";
  /** Whether the field is only in the argument. The result is then returned as it is. */
  readonly isArgumentOnly?: boolean;
}

export interface SandboxProblem {
  readonly kind: "failed";
  readonly cause: SandboxCause;
  /** One line of text without the place. */
  readonly message: string;
  /** The place in the code, from 1. Null if it is not known. */
  readonly line: number | null;
  readonly column: number | null;
  /** The lines that the code wrote with `console`. */
  readonly logs: readonly string[];
}

export type SandboxResult =
  | {
      readonly kind: "returned";
      /** The result of the entry as JSON text. Null if it is `undefined` or not representable. */
      readonly json: string | null;
      /**
       * The payload after the call, which `json` then does not contain. `unchanged`: the bytes of the
       * argument. `invalid`: the result has no such field or, in the form `text`, it is no text. Absent
       * if the call has none, or if the result is no object.
       */
      readonly payload?: Uint8Array | "unchanged" | "invalid";
      readonly logs: readonly string[];
    }
  | SandboxProblem;

/** Too many calls are waiting, or the server is stopping. Nothing was run. */
export class SandboxBusy extends Error {
  override readonly name = "SandboxBusy";
}

/** Runs foreign code. A call sees nothing of another call, and nothing of the machine. */
export interface Sandbox {
  /**
   * Runs a call for an application. Applications take turns. `prepare` is called when it is the
   * call's turn. Failures of the code are results. Rejects with `SandboxBusy` if the call was not
   * run, for example because `signal` was aborted first.
   */
  run(owner: Seq, prepare: () => SandboxCall, signal?: AbortSignal): Promise<SandboxResult>;
  /**
   * Runs a call that may call the host, like `run`. `isRerun` states that it was run before; it then
   * never fails because too many calls are waiting.
   */
  runHosted(owner: Seq, prepare: () => HostedCall, isRerun: boolean, signal?: AbortSignal): Promise<HostedResult>;
}

/** Runs nothing. */
export const noSandbox: Sandbox = {
  run: () => Promise.reject(new SandboxBusy("There is no sandbox.")),
  runHosted: () => Promise.reject(new SandboxBusy("There is no sandbox.")),
};

/** Limits of each call. */
export interface SandboxLimits {
  /** Maximum computing time, in ms. Time in which the thread has no processor does not count. */
  readonly timeoutMs: number;
  readonly memoryBytesMax: number;
  /** Maximum length of the result as JSON text. */
  readonly outputCharsMax: number;
}

/** Returns the problem as one line: `line 3: TypeError: x is not a function`. */
export function problemText({ line, message }: Pick<SandboxProblem, "line" | "message">): string {
  return line === null ? message : `line ${line}: ${message}`;
}

/** Returns the problem with its column, as the author of the code needs it. */
export function problemPlace({ line, column, message }: Pick<SandboxProblem, "line" | "column" | "message">): string {
  if (line === null) return message;
  return column === null ? `line ${line}: ${message}` : `line ${line}, column ${column}: ${message}`;
}
