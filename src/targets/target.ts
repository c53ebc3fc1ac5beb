import type { Subnet } from "../core/address.ts";
import type { IdCodec, Seq } from "../core/id.ts";
import type { SignatureHeaders, SigningKey } from "../core/signature.ts";
import type { Answer, Clock, Resolver, Shortage, Transport } from "../ports.ts";

/**
 * Delivers to the endpoints of one URL scheme. A target defines where a delivery goes and in which
 * protocol; the transport below it only moves bytes.
 */
export interface Target {
  /**
   * Does the work that depends only on the endpoint and its keys, so that attempts need not repeat
   * it.
   */
  prepare(endpoint: TargetEndpoint, keys: readonly SigningKey[]): PreparedTarget;
}

/** One endpoint, ready for its attempts. */
export interface PreparedTarget {
  /**
   * Makes one attempt. Returns the receiver's response, or why there was none, in the form of an
   * attempt row for every protocol; or the shortage because of which there was no attempt. Resolves
   * soon after `signal` aborts.
   */
  deliver(message: TargetMessage, signal: AbortSignal): Promise<Answer | Shortage>;
}

export interface TargetEndpoint {
  readonly url: string;
  /** Sent with every message to this endpoint. */
  readonly headers: Readonly<Record<string, string>>;
  /** Time limit of an attempt, in ms; null means the default of the policy. */
  readonly timeoutMs: number | null;
}

/** A message in the form in which it is sent. */
export interface TargetMessage {
  readonly seq: Seq;
  readonly payload: Uint8Array;
  /** Null means `application/json`. */
  readonly contentType: string | null;
  /** Sent with this message only. */
  readonly headers: Readonly<Record<string, string>> | null;
}

export interface TargetPorts {
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly transport: Transport;
}

/** Settings for targets. */
export interface TargetPolicy {
  /** Address ranges that are allowed although they are not public. */
  readonly allowSubnets: readonly Subnet[];
  /** Time limit of an attempt to an endpoint without its own limit, in ms. */
  readonly deliveryTimeoutMs: number;
  readonly maxResponseStoredBytes: number;
  readonly signatureHeaders: SignatureHeaders;
  readonly userAgent: string;
  /**
   * Returns the URL to which a delivery to a built-in inbox is sent, regardless of the address
   * policy; null for every other URL.
   */
  readonly inbox: (url: URL) => URL | null;
}

export interface TargetParts {
  readonly ports: TargetPorts;
  readonly policy: TargetPolicy;
  readonly ids: IdCodec;
}
