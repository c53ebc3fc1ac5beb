/**
 * Ports of the delivery engine: time, randomness, the network and name resolution. All decisions
 * are functions of plain values, so a simulation can replace these four. The real implementations
 * are in `edge/`.
 */

/** Cancels the task that it was returned for. Calling it late or twice does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since the Unix epoch. May step backwards, as real clocks do. */
  now(): number;
  /** Milliseconds since some time in the past. Never steps: for waits and durations. */
  steady(): number;
  /** Runs `task` once, `delayMs` (0 to 2^31-1) from now. */
  after(delayMs: number, task: () => void): Cancel;
  /**
   * Runs `task` at the end of this turn of the event loop, after all of its input has been
   * processed.
   */
  soon(task: () => void): void;
}

export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** `count` bytes from a cryptographically secure source. */
  bytes(count: number): Uint8Array;
}

/**
 * Why an attempt got no usable response. The names are the public `reason`s of attempts and dead
 * letters.
 */
export type TransportFailure = "timeout" | "connection" | "dns" | "tls" | "blocked";

/** A resource of this machine that a delivery needs. */
export type ShortResource = "open-files" | "local-ports" | "memory" | "network" | "name-servers";

/**
 * Nothing was sent because this machine lacks a resource. This says nothing about the receiver, so
 * it is not an attempt.
 */
export interface Shortage {
  readonly kind: "shortage";
  readonly resource: ShortResource;
  /** What happened and what to do, as text for operators. */
  readonly detail: string;
}

export interface OutgoingRequest {
  /** The endpoint's URL as configured. */
  readonly url: URL;
  /**
   * Literal IP addresses of the receiver, at least one. They have passed the address policy; the
   * name is not looked up again. The transport chooses the order. It goes on to the next address
   * only if nothing of the request has been sent.
   */
  readonly addresses: readonly string[];
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Uint8Array;
  /**
   * Time limit of the attempt, in ms. The transport divides it among the addresses; `signal`
   * enforces it.
   */
  readonly timeoutMs: number;
  /** Maximum bytes of the response body to read; the rest stays unread. */
  readonly responseBytesMax: number;
}

export type Answer =
  | {
      readonly kind: "response";
      readonly status: number;
      /** The raw `Retry-After` header, or null if absent. */
      readonly retryAfter: string | null;
      /**
       * At most `responseBytesMax` bytes, decoded to UTF-8 where possible. A longer body is cut
       * between characters.
       */
      readonly body: Uint8Array;
      /**
       * Defect of the response as one sentence, or null. The status counts even if there is one.
       */
      readonly note: string | null;
    }
  | { readonly kind: "failure"; readonly reason: TransportFailure; readonly detail: string };

export interface Transport {
  /**
   * Sends one POST request and reads the response. Never rejects; errors resolve to a `failure`.
   * After `signal` aborts, it resolves soon with `timeout` and releases the connection and the
   * body.
   */
  send(request: OutgoingRequest, signal: AbortSignal): Promise<Answer | Shortage>;
}

export interface Resolver {
  /**
   * Resolves a host name to literal IP addresses. Resolves to an empty list if the name does not
   * exist, if the lookup fails or after `signal` aborts. Resolves to a shortage if no name server
   * responds to anything. Never rejects. Addresses may be minutes old, so callers must check the
   * address, not the name.
   */
  resolve(host: string, signal: AbortSignal): Promise<readonly string[] | Shortage>;
}
