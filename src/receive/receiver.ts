/**
 * The contract between the provider table and the door: what a source can do with one request.
 * Everything here is a plain value or a synchronous function. Keys that must be fetched are
 * requested with `needs-key`; the caller fetches them and asks again.
 */
import type { Cause, DoorReply, PassedState } from "../core/received.ts";

export type { Cause, DoorReply, PassedState } from "../core/received.ts";

/** A request at the door, as received. */
export interface ReceivedRequest {
  /** In upper case. */
  readonly method: string;
  /**
   * The URL that the sender has signed: the source's registered URL, followed by the suffix and the
   * query of the request exactly as received.
   */
  readonly url: string;
  /** The path after the token, such as `/orders`, with its percent escapes; empty if there is none. */
  readonly suffix: string;
  /** The query with its question mark, with its percent escapes; empty if there is none. */
  readonly query: string;
  /** The names are in lower case. Repeated values are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A key that must be fetched before the request can be checked. */
export interface KeyRequest {
  /** An `https` URL. Its host is one that the provider's row allows. */
  readonly url: string;
  readonly kind: "jwks" | "certificate";
  /** The identifier of the key within the document, if there are several. */
  readonly keyId: string | null;
  /** A body in JSON to send in a POST request. Missing: a GET request. It may contain credentials. */
  readonly post?: string;
}

/** The text of a fetched key document: a JWKS in JSON, or a certificate in PEM. */
export type FetchedKey = string;

export type Check =
  /** `state` is set if this request proves less than the state of the receiver says. */
  | { readonly kind: "passed"; readonly state?: "authenticated" }
  | { readonly kind: "failed"; readonly cause: Cause }
  | { readonly kind: "needs-key"; readonly key: KeyRequest };

/**
 * A request that sets up or tests the subscription. It is answered and not stored. If `isSigned`,
 * the request must pass `check` first.
 */
export interface Handshake {
  readonly reply: DoorReply;
  readonly isSigned: boolean;
  /** The secret that the sender has sent and that later requests are signed with. */
  readonly capture?: string;
  /** A secret that the request contains. It must not be logged, even if the handshake is refused. */
  readonly unlogged?: string;
  /** A URL that must be requested after the check to confirm the subscription. */
  readonly confirm?: string;
  /** Set if the handshake is refused, for example because of a wrong verify token. */
  readonly refused?: Cause;
}

/** A request that a provider could have sent, for trying out a source. */
export interface ExampleRequest {
  readonly method: string;
  /** The names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** With its question mark; empty if there is none. */
  readonly query: string;
  readonly body: Uint8Array;
}

/** A provider's rules, prepared with the configuration of one source. */
export interface Receiver {
  /** The state of a request that passes `check`. */
  readonly state: PassedState;
  /** The methods that the provider uses, in upper case; null means any. */
  readonly methods: ReadonlySet<string> | null;
  /** The names of headers, in lower case, whose value is the secret itself. */
  readonly secretHeaders: readonly string[];
  /** The response after a message was stored. */
  readonly reply: DoorReply;
  /** The response to a request that failed its check; null means the default 401. */
  readonly refusal: DoorReply | null;
  /** Whether the source still waits for the handshake that brings its secret. */
  readonly awaitsSecret: boolean;
  /** Returns the handshake that the request is, or null for an ordinary request. */
  handshake(request: ReceivedRequest, nowSeconds: number): Handshake | null;
  /** Checks a request. `fetched` is the document of the `needs-key` of an earlier call. */
  check(request: ReceivedRequest, nowSeconds: number, fetched?: FetchedKey): Check;
  /** Returns the provider's event type as a valid event type name, or null without a match. */
  eventType(request: ReceivedRequest): string | null;
  /** Returns the provider's delivery id, or null if the request has none. */
  deliveryId(request: ReceivedRequest): string | null;
  /**
   * Returns a signed example, or null if only the provider has the signing key. `eventType` null
   * means the provider's most common one, and no `body` a realistic one.
   */
  example(eventType: string | null, nowSeconds: number, body?: Uint8Array | null): ExampleRequest | null;
}
