import { addressAllowed, literalAddress } from "../core/address.ts";
import { basicAuthorization, type EndpointAuth } from "../core/endpoint-auth.ts";
import { isOwnHeader } from "../core/own-header.ts";
import type { Received } from "../core/received.ts";
import { type SigningKey, sign, signatureHeaders } from "../core/signature.ts";
import type { TraceContext } from "../core/trace.ts";
import type { Answer, Shortage } from "../ports.ts";
import { type ReceivedHeadersBase, receivedHeaders, receivedHeadersBase } from "./received-headers.ts";
import type { PreparedTarget, Target, TargetEndpoint, TargetMessage, TargetParts, TargetPolicy } from "./target.ts";

const DEFAULT_CONTENT_TYPE = "application/json";
/** Index of `Content-Type` in the prepared headers. */
const CONTENT_TYPE = 0;

type Header = readonly [name: string, value: string];

/** Where a request is sent: the URL for the receiver, and the literal IP addresses to connect to. */
interface Destination {
  readonly url: URL;
  readonly addresses: readonly string[];
}

/** The addresses of a host name, and the addresses among them that the policy allows. */
interface Resolved {
  readonly addresses: readonly string[];
  readonly destination: Destination;
}

/** Sends messages as signed POST requests over `http` and `https`. */
export class HttpTarget implements Target {
  constructor(private readonly parts: TargetParts) {}

  prepare(endpoint: TargetEndpoint, keys: readonly SigningKey[]): PreparedTarget {
    return new HttpEndpoint(this.parts, endpoint, keys);
  }
}

class HttpEndpoint implements PreparedTarget {
  readonly #url: URL;
  /**
   * The destination, if the URL contains an IP address or leads to an inbox, or the failure if the
   * IP address is not allowed. Null if the host name must be resolved for each attempt.
   */
  readonly #known: Destination | Answer | null;
  /** The first headers of every request. The message's headers and the signature follow them. */
  readonly #headers: readonly Header[];
  readonly #setsContentType: boolean;
  readonly #timeoutMs: number;
  /** The headers of received messages. Null until the first such message. */
  #received: ReceivedHeadersBase | null = null;
  /** The host name's addresses in the latest lookup. */
  #resolved: Resolved | null = null;

  constructor(
    private readonly parts: TargetParts,
    private readonly endpoint: TargetEndpoint,
    private readonly keys: readonly SigningKey[],
  ) {
    this.#url = new URL(endpoint.url);
    this.#known = knownDestination(this.#url, parts.policy);
    this.#headers = headersOf(this.#url, endpoint, parts.policy);
    this.#timeoutMs = endpoint.timeoutMs ?? parts.policy.deliveryTimeoutMs;
    this.#setsContentType = Object.keys(endpoint.headers).some((name) => isSameName(name, "content-type"));
  }

  deliver(message: TargetMessage, signal: AbortSignal): Promise<Answer | Shortage> {
    const known = this.#known;
    if (known === null) return this.#resolveAndSend(message, signal);
    return "kind" in known ? Promise.resolve(known) : this.#send(known, message, signal);
  }

  /**
   * Sends to the allowed addresses of the host name. It connects to the IP addresses that were
   * checked, so that a second lookup cannot return other addresses.
   */
  async #resolveAndSend(message: TargetMessage, signal: AbortSignal): Promise<Answer | Shortage> {
    const { resolver } = this.parts.ports;
    const host = this.#url.hostname;
    const addresses = await resolver.resolve(host, signal);
    if ("kind" in addresses) return addresses;
    if (signal.aborted) return failure("timeout", `The host name ${host} was not resolved in time.`);
    if (addresses.length === 0) return failure("dns", `The host name ${host} could not be resolved.`);
    const destination = this.#allowed(addresses);
    if (destination.addresses.length === 0) return blocked(addresses[0]!);
    return this.#send(destination, message, signal);
  }

  /** Applies the address policy, once per lookup. */
  #allowed(addresses: readonly string[]): Destination {
    if (this.#resolved?.addresses === addresses) return this.#resolved.destination;
    const { allowSubnets } = this.parts.policy;
    const allowed = [...new Set(addresses)].filter((address) => addressAllowed(address, allowSubnets));
    this.#resolved = { addresses, destination: { url: this.#url, addresses: allowed } };
    return this.#resolved.destination;
  }

  /**
   * Sends the request to one of the addresses. The signature is created at the time of sending, so
   * that receivers that reject old timestamps accept retries.
   */
  #send({ url, addresses }: Destination, message: TargetMessage, signal: AbortSignal): Promise<Answer | Shortage> {
    const { ports, policy } = this.parts;
    const { payload } = message;
    const headers = this.#signedHeaders(message, Math.floor(ports.clock.now() / 1000));
    const { maxResponseStoredBytes: responseBytesMax } = policy;
    const request = { url, addresses, headers, body: payload, timeoutMs: this.#timeoutMs, responseBytesMax };
    return ports.transport.send(request, signal);
  }

  #signedHeaders(message: TargetMessage, timestampSeconds: number): Header[] {
    const { ids, policy } = this.parts;
    const { seq, payload, received, trace } = message;
    const id = ids.encode("msg_", seq);
    const headers = received === null ? this.#headersFor(message) : this.#headersForReceived(message, received);
    if (trace != null) addTraceContext(headers, trace);
    // The signature is set last, so that no other header can replace it.
    const signature = sign(this.keys, id, timestampSeconds, payload);
    for (const header of signatureHeaders(policy.signatureHeaders, id, timestampSeconds, signature)) {
      headers.push(header);
    }
    return headers;
  }

  #headersFor({ contentType, headers: own }: TargetMessage): Header[] {
    const headers = this.#headers.slice();
    if (contentType !== null && !this.#setsContentType) headers[CONTENT_TYPE] = ["Content-Type", contentType];
    if (own !== null) for (const name in own) setHeader(headers, name, own[name]!);
    return headers;
  }

  #headersForReceived(message: TargetMessage, received: Received): Header[] {
    const { signatureHeaders: mode, userAgent } = this.parts.policy;
    this.#received ??= receivedHeadersBase(endpointHeaders(this.#url, this.endpoint), userAgent, mode);
    return receivedHeaders(message, received, this.#received);
  }
}

function knownDestination(url: URL, { inbox, allowSubnets }: TargetPolicy): Destination | Answer | null {
  const local = inbox(url);
  if (local !== null) return { url: local, addresses: [local.hostname] };
  const address = literalAddress(url.hostname);
  if (address === null) return null;
  return addressAllowed(address, allowSubnets) ? { url, addresses: [address] } : blocked(address);
}

function failure(reason: "timeout" | "dns" | "blocked", detail: string): Answer {
  return { kind: "failure", reason, detail };
}

function blocked(address: string): Answer {
  return failure(
    "blocked",
    `The address ${address} is not public. Requests to it are blocked unless allow-subnets contains it.`,
  );
}

function headersOf(url: URL, endpoint: TargetEndpoint, { userAgent }: TargetPolicy): Header[] {
  const headers: Header[] = [
    ["Content-Type", DEFAULT_CONTENT_TYPE],
    ["User-Agent", userAgent],
  ];
  for (const [name, value] of endpointHeaders(url, endpoint)) setHeader(headers, name, value);
  return headers;
}

/** Returns the headers that depend only on the endpoint. */
function endpointHeaders(url: URL, endpoint: TargetEndpoint): Header[] {
  // Responses are stored for people to read, and most are too short for compression to help.
  const headers: Header[] = [["Accept-Encoding", "identity"]];
  if (url.username !== "" || url.password !== "") headers.push(["Authorization", basicAuth(url)]);
  const authorization = authorizationOf(endpoint.auth ?? null);
  if (authorization !== null) headers.push(["Authorization", authorization]);
  for (const name in endpoint.headers) setHeader(headers, name, endpoint.headers[name]!);
  return headers;
}

/** Returns the value of `Authorization` if it is the same for every attempt, otherwise null. */
function authorizationOf(auth: EndpointAuth | null): string | null {
  if (auth?.type === "bearer") return `Bearer ${auth.token}`;
  if (auth?.type === "basic") return basicAuthorization(auth.user, auth.password);
  return null;
}

/**
 * Sets a header, replacing any header with the same name. Ignores headers that only the server may
 * set. The message's headers take precedence over the endpoint's, and the endpoint's over the
 * defaults.
 */
function setHeader(headers: Header[], name: string, value: string): void {
  if (isOwnHeader(name)) return;
  const at = headers.findIndex(([other]) => isSameName(other, name));
  if (at >= 0) headers[at] = [name, value];
  else headers.push([name, value]);
}

/** Adds the headers of a trace unless the message or the endpoint has set them. */
function addTraceContext(headers: Header[], { traceparent, tracestate }: TraceContext): void {
  const isSet = (name: string) => headers.some(([other]) => isSameName(other, name));
  if (isSet("traceparent")) return;
  headers.push(["traceparent", traceparent]);
  if (tracestate !== null && !isSet("tracestate")) headers.push(["tracestate", tracestate]);
}

function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function basicAuth({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${percentDecoded(username)}:${percentDecoded(password)}`, "latin1").toString("base64")}`;
}

/**
 * Decodes percent escapes to bytes, one character per byte. A `%` that does not begin an escape is
 * kept, because the URL standard allows it.
 */
function percentDecoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
