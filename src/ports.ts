/**
 * The four ways in which the world reaches the delivery engine. Everything that decides is a function of plain
 * values; time, chance, the network and name resolution come in here, so that a simulation can put in its own.
 * The real ones live in `edge/`.
 */

/** Cancels what it was returned for; calling it late or twice does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since the Unix epoch. May step backwards, as the clocks of real machines do. */
  now(): number;
  /** Runs `task` once, `delayMs` (0 to 2^31-1) from now. */
  after(delayMs: number, task: () => void): Cancel;
  /** Runs `task` at the end of this turn of the event loop, when everything that arrived in it has been seen. */
  soon(task: () => void): void;
}

export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** `count` bytes fit for secrets. */
  bytes(count: number): Uint8Array;
}

/** Why an attempt got no usable answer. The names are the public `reason`s of attempts and dead letters. */
export type TransportFailure = "timeout" | "connection" | "dns" | "tls" | "blocked";

export interface OutgoingRequest {
  /** The endpoint's address as it stands in its configuration. */
  readonly url: URL;
  /** The address to connect to: a literal IP that has passed the address policy. The name is not looked up again. */
  readonly address: string;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Uint8Array;
  /** Of the answer's body at most this many bytes are read; the rest is left unread. */
  readonly responseBytesMax: number;
}

export type Answer =
  | {
      readonly kind: "response";
      readonly status: number;
      /** The raw `Retry-After` header, when there was one. */
      readonly retryAfter: string | null;
      /** At most `responseBytesMax` bytes, cut between characters where the answer was longer. */
      readonly body: Uint8Array;
    }
  | { readonly kind: "failure"; readonly reason: TransportFailure; readonly detail: string };

export interface Transport {
  /**
   * Sends one POST and reads its answer. Never rejects: what goes wrong is a `failure`. After `signal` has been
   * aborted it answers soon with `timeout` and holds neither a connection nor the body any longer.
   */
  send(request: OutgoingRequest, signal: AbortSignal): Promise<Answer>;
}

export interface Resolver {
  /**
   * The addresses of a host name, as literal IPs; empty when the name does not exist, when nobody could tell, and after
   * `signal` has been aborted. They may be minutes old: whoever connects judges the address, not the name. Never rejects.
   */
  resolve(host: string, signal: AbortSignal): Promise<readonly string[]>;
}
