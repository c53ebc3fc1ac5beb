import type { Subnet } from "../core/address.ts";
import type { IdCodec, Seq } from "../core/id.ts";
import type { SignatureHeaders, SigningKey } from "../core/signature.ts";
import type { Answer, Clock, Resolver, Transport } from "../ports.ts";

/**
 * Delivers to the endpoints of one URL scheme. A target says where a delivery goes and in which
 * protocol; the transport below it only moves bytes.
 */
export interface Target {
  /**
   * Does everything that stays the same until the endpoint or its keys change, so that an attempt
   * need not repeat it.
   */
  prepare(endpoint: TargetEndpoint, keys: readonly SigningKey[]): PreparedTarget;
}

/** One endpoint, ready for its attempts. */
export interface PreparedTarget {
  /**
   * Makes one attempt. Returns what the receiver responded, or why there was no response, in the
   * terms of an attempt row whatever the protocol. Resolves soon after `signal` aborts.
   */
  deliver(message: TargetMessage, signal: AbortSignal): Promise<Answer>;
}

export interface TargetEndpoint {
  readonly url: string;
  /** Sent with every message. */
  readonly headers: Readonly<Record<string, string>>;
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

/** The settings that targets follow. */
export interface TargetPolicy {
  /** Address ranges that may be connected to although they are not public. */
  readonly allowSubnets: readonly Subnet[];
  readonly maxResponseStoredBytes: number;
  readonly signatureHeaders: SignatureHeaders;
  readonly userAgent: string;
  /**
   * Returns where a delivery to a built-in inbox is sent, whatever the address policy says, or null
   * for every other URL.
   */
  readonly inbox: (url: URL) => URL | null;
}

export interface TargetParts {
  readonly ports: TargetPorts;
  readonly policy: TargetPolicy;
  readonly ids: IdCodec;
}
