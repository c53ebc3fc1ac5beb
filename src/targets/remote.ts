import { isSuccess } from "../core/outcome.ts";
import type { SigningKey } from "../core/signature.ts";
import type { Answer, RemoteRequest, Shortage } from "../ports.ts";
import { tlsOf } from "./client-tls.ts";
import { type Destination, DestinationFinder } from "./destination.ts";
import { type CarriedHeaders, carriedHeaders, MessageHeaders, sentHeaders } from "./message-headers.ts";
import type { PreparedTarget, TargetEndpoint, TargetMessage, TargetParts } from "./target.ts";

/** The parts of a request that are the same in every protocol other than HTTP. */
export interface RemoteParts extends RemoteRequest {
  readonly headers: CarriedHeaders;
}

/** How the messages of one protocol are sent. */
export interface RemoteProtocol {
  /** Whether the user of the URL and `auth` are sent to the receiver as `authorization`. */
  readonly sendsAuthorization: boolean;
  send(message: TargetMessage, parts: RemoteParts, signal: AbortSignal): Promise<Answer | Shortage>;
}

/** Why nothing is sent over a protocol that cannot use a proxy, if everything must use one. */
export const notThroughProxy =
  "Deliveries over this protocol cannot use the proxy (setting egress-proxy) and never bypass it. Use an http or https URL.";

/**
 * An endpoint that is reached over a connection of its protocol. The connection goes to an address
 * that the address policy allows.
 */
export class RemoteEndpoint implements PreparedTarget {
  readonly #finder: DestinationFinder;
  readonly #headers: MessageHeaders;
  /** The parts of all requests to the endpoint. */
  readonly #common: Pick<RemoteRequest, "tls" | "timeoutMs" | "responseBytesMax">;

  constructor(
    private readonly parts: TargetParts,
    endpoint: TargetEndpoint,
    keys: readonly SigningKey[],
    private readonly protocol: RemoteProtocol,
  ) {
    const { policy } = parts;
    const url = new URL(endpoint.url);
    const { sendsAuthorization } = protocol;
    this.#finder = new DestinationFinder(url, parts);
    const sent = sendsAuthorization ? endpoint : { ...endpoint, auth: null };
    this.#headers = new MessageHeaders(parts, sent, keys, { url: sendsAuthorization ? url : null, ofConnection: [] });
    this.#common = {
      tls: tlsOf(endpoint),
      timeoutMs: endpoint.timeoutMs ?? policy.deliveryTimeoutMs,
      responseBytesMax: policy.maxResponseStoredBytes,
    };
  }

  deliver(message: TargetMessage, signal: AbortSignal): Promise<Answer | Shortage> {
    return this.deliverWith(null, message, signal);
  }

  /** Like `deliver`. `authorization` is the value of `authorization` for this attempt, or null. */
  async deliverWith(
    authorization: string | null,
    message: TargetMessage,
    signal: AbortSignal,
  ): Promise<Answer | Shortage> {
    if (this.parts.policy.isProxied === true) return { kind: "failure", reason: "proxy", detail: notThroughProxy };
    const found = this.#finder.known ?? (await this.#finder.resolve(signal));
    return "kind" in found ? found : this.#send(found, authorization, message, signal);
  }

  async #send(
    { url, addresses }: Destination,
    authorization: string | null,
    message: TargetMessage,
    signal: AbortSignal,
  ) {
    const headers = carriedHeaders(this.#headers, message, this.parts, authorization);
    const answer = await this.protocol.send(message, { ...this.#common, url, addresses, headers }, signal);
    return answer.kind === "response" && !isSuccess(answer.status)
      ? { ...answer, headers: { request: sentHeaders(headers), response: "" } }
      : answer;
  }
}

/** Returns the answer if this process has no client for a protocol. */
export function noClient(protocol: string): Answer {
  return { kind: "failure", reason: "connection", detail: `This server cannot deliver over ${protocol}.` };
}
