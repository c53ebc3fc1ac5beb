import { basicAuthorization, type EndpointAuth } from "../core/endpoint-auth.ts";
import { isOwnHeader } from "../core/own-header.ts";
import { versionHeaders } from "../core/payload-version.ts";
import { clientTls } from "../core/pem.ts";
import type { Received } from "../core/received.ts";
import { type SigningKey, sign, signatureHeaders } from "../core/signature.ts";
import type { TraceContext } from "../core/trace.ts";
import type { Answer, ClientTls, Shortage } from "../ports.ts";
import { type AccessToken, AccessTokens } from "./access-token.ts";
import { type Destination, DestinationFinder } from "./destination.ts";
import { type ReceivedHeadersBase, receivedHeaders, receivedHeadersBase } from "./received-headers.ts";
import type { PreparedTarget, Target, TargetEndpoint, TargetMessage, TargetParts, TargetPolicy } from "./target.ts";

const DEFAULT_CONTENT_TYPE = "application/json";
/** Index of `Content-Type` in the prepared headers. */
const CONTENT_TYPE = 0;

const NO_BODY = new Uint8Array();
/** The header of the CloudEvents HTTP webhooks that names the sender. */
const REQUEST_ORIGIN = "WebHook-Request-Origin";

type Header = readonly [name: string, value: string];

/** Sends messages as signed POST requests over `http` and `https`. */
export class HttpTarget implements Target {
  readonly #tokens: AccessTokens;

  constructor(private readonly parts: TargetParts) {
    this.#tokens = new AccessTokens(parts);
  }

  prepare(endpoint: TargetEndpoint, keys: readonly SigningKey[]): PreparedTarget {
    const prepared = new HttpEndpoint(this.parts, endpoint, keys);
    if (endpoint.auth?.type !== "oauth2") return prepared;
    const timeoutMs = endpoint.timeoutMs ?? this.parts.policy.deliveryTimeoutMs;
    return new AuthorizedEndpoint(prepared, this.#tokens.of(endpoint.auth, timeoutMs));
  }
}

/** An endpoint whose deliveries carry an access token. */
class AuthorizedEndpoint implements PreparedTarget {
  constructor(
    private readonly endpoint: HttpEndpoint,
    private readonly token: AccessToken,
  ) {}

  /**
   * Makes one attempt. If the receiver responds with 401, the token may have been revoked, so the
   * request is sent once more with a new one.
   */
  async deliver(message: TargetMessage, signal: AbortSignal): Promise<Answer | Shortage> {
    const first = await this.token.get(signal);
    if (typeof first !== "string") return first;
    const answer = await this.endpoint.deliverWith(`Bearer ${first}`, message, signal);
    if (answer.kind !== "response" || answer.status !== 401 || signal.aborted) return answer;
    this.token.drop(first);
    const second = await this.token.get(signal);
    return typeof second === "string" ? this.endpoint.deliverWith(`Bearer ${second}`, message, signal) : second;
  }

  async askPermission(origin: string, signal: AbortSignal): Promise<Answer | Shortage> {
    const token = await this.token.get(signal);
    return typeof token === "string" ? this.endpoint.askWith(`Bearer ${token}`, origin, signal) : token;
  }
}

class HttpEndpoint implements PreparedTarget {
  readonly #url: URL;
  readonly #finder: DestinationFinder;
  /** The first headers of every request. The message's headers and the signature follow them. */
  readonly #headers: readonly Header[];
  readonly #setsContentType: boolean;
  readonly #timeoutMs: number;
  readonly #tls: ClientTls | null;
  /** The headers of received messages. Null until the first such message. */
  #received: ReceivedHeadersBase | null = null;

  constructor(
    private readonly parts: TargetParts,
    private readonly endpoint: TargetEndpoint,
    private readonly keys: readonly SigningKey[],
  ) {
    this.#url = new URL(endpoint.url);
    this.#finder = new DestinationFinder(this.#url, parts);
    this.#headers = headersOf(this.#url, endpoint, parts.policy);
    this.#tls = tlsOf(endpoint);
    this.#timeoutMs = endpoint.timeoutMs ?? parts.policy.deliveryTimeoutMs;
    this.#setsContentType = Object.keys(endpoint.headers).some((name) => isSameName(name, "content-type"));
  }

  deliver(message: TargetMessage, signal: AbortSignal): Promise<Answer | Shortage> {
    return this.deliverWith(null, message, signal);
  }

  /** Like `deliver`. `authorization` is the value of `Authorization` for this attempt, or null. */
  deliverWith(authorization: string | null, message: TargetMessage, signal: AbortSignal): Promise<Answer | Shortage> {
    const url = message.request?.url ?? null;
    const finder = url === null ? this.#finder : new DestinationFinder(url, this.parts);
    const { known } = finder;
    if (known === null) return this.#resolveAndSend(finder, authorization, message, signal);
    return "kind" in known ? Promise.resolve(known) : this.#send(known, authorization, message, signal);
  }

  askPermission(origin: string, signal: AbortSignal): Promise<Answer | Shortage> {
    return this.askWith(null, origin, signal);
  }

  /** Like `askPermission`. `authorization` is as in `deliverWith`. */
  async askWith(authorization: string | null, origin: string, signal: AbortSignal): Promise<Answer | Shortage> {
    const found = this.#finder.known ?? (await this.#finder.resolve(signal));
    if ("kind" in found) return found;
    const headers = this.#headers.filter(([name]) => !isSameName(name, "content-type"));
    headers.push([REQUEST_ORIGIN, origin]);
    if (authorization !== null) setAuthorization(headers, authorization);
    const [timeoutMs, tls, responseBytesMax] = [this.#timeoutMs, this.#tls, this.parts.policy.maxResponseStoredBytes];
    const request = { ...found, method: "OPTIONS" as const, headers, body: NO_BODY, timeoutMs, responseBytesMax, tls };
    return this.parts.ports.transport.send(request, signal);
  }

  async #resolveAndSend(
    finder: DestinationFinder,
    authorization: string | null,
    message: TargetMessage,
    signal: AbortSignal,
  ): Promise<Answer | Shortage> {
    const found = await finder.resolve(signal);
    return "kind" in found ? found : this.#send(found, authorization, message, signal);
  }

  /**
   * Sends the request to one of the addresses. The signature is created at the time of sending, so
   * that receivers that reject old timestamps accept retries.
   */
  #send(
    { url, addresses, isLocal }: Destination,
    authorization: string | null,
    message: TargetMessage,
    signal: AbortSignal,
  ): Promise<Answer | Shortage> {
    const { ports, policy } = this.parts;
    const { payload } = message;
    const headers = this.#signedHeaders(message, Math.floor(ports.clock.now() / 1000));
    if (authorization !== null) setAuthorization(headers, authorization);
    const { maxResponseStoredBytes: responseBytesMax } = policy;
    const [timeoutMs, tls] = [this.#timeoutMs, this.#tls];
    const request = { url, addresses, headers, body: payload, timeoutMs, responseBytesMax, tls, isLocal };
    const changed = message.request;
    return ports.transport.send(changed === undefined ? request : { ...request, method: changed.method }, signal);
  }

  #signedHeaders(message: TargetMessage, timestampSeconds: number): Header[] {
    const { ids, policy } = this.parts;
    const { seq, idPrefix = "msg_", payload, received, trace, version } = message;
    const id = ids.encode(idPrefix, seq);
    const headers = received === null ? this.#headersFor(message) : this.#headersForReceived(message, received);
    if (trace != null) addTraceContext(headers, trace);
    if (version !== undefined) for (const [name, value] of versionHeaders(version)) replaceHeader(headers, name, value);
    // The signature is set last, so that no other header can replace it.
    const signature = sign(this.keys, id, timestampSeconds, payload);
    for (const header of signatureHeaders(policy.signatureHeaders, id, timestampSeconds, signature)) {
      headers.push(header);
    }
    return headers;
  }

  #headersFor({ contentType, headers: own, request }: TargetMessage): Header[] {
    const changed = request?.headers ?? null;
    if (changed !== null) return this.#changedHeaders(contentType, changed);
    const headers = this.#headers.slice();
    if (contentType !== null && !this.#setsContentType) headers[CONTENT_TYPE] = ["Content-Type", contentType];
    if (own !== null) for (const name in own) setHeader(headers, name, own[name]!);
    return headers;
  }

  /** Returns the headers if a transformation has replaced those of the endpoint and the message. */
  #changedHeaders(contentType: string | null, changed: Readonly<Record<string, string>>): Header[] {
    const headers = headersOf(this.#url, { ...this.endpoint, headers: {} }, this.parts.policy);
    if (contentType !== null) headers[CONTENT_TYPE] = ["Content-Type", contentType];
    for (const name in changed) setHeader(headers, name, changed[name]!);
    return headers;
  }

  #headersForReceived(message: TargetMessage, received: Received): Header[] {
    const { signatureHeaders: mode, userAgent } = this.parts.policy;
    this.#received ??= receivedHeadersBase(endpointHeaders(this.#url, this.endpoint), userAgent, mode);
    return receivedHeaders(message, received, this.#received);
  }
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

/**
 * Returns the value of `Authorization` that is sent with every attempt. Null if there is none, and
 * empty if each attempt sets it.
 */
function authorizationOf(auth: EndpointAuth | null): string | null {
  if (auth?.type === "bearer") return `Bearer ${auth.token}`;
  if (auth?.type === "basic") return basicAuthorization(auth.user, auth.password);
  return auth?.type === "oauth2" ? "" : null;
}

/** Sets the header that `authorizationOf` left empty, unless the message has one of its own. */
function setAuthorization(headers: Header[], value: string): void {
  const at = headers.findIndex(([name, before]) => name === "Authorization" && before === "");
  if (at >= 0) headers[at] = ["Authorization", value];
}

function tlsOf({ auth = null, tls = null }: TargetEndpoint): ClientTls | null {
  if (auth?.type === "mtls") return clientTls(auth.ca ?? tls?.ca ?? null, auth);
  return tls === null ? null : clientTls(tls.ca, null);
}

/**
 * Sets a header, replacing any header with the same name. Ignores headers that only the server may
 * set. The message's headers take precedence over the endpoint's, and the endpoint's over the
 * defaults.
 */
function setHeader(headers: Header[], name: string, value: string): void {
  if (isOwnHeader(name)) return;
  replaceHeader(headers, name, value);
}

/** Adds the headers of a trace unless the message or the endpoint has set them. */
function addTraceContext(headers: Header[], { traceparent, tracestate }: TraceContext): void {
  const isSet = (name: string) => headers.some(([other]) => isSameName(other, name));
  if (isSet("traceparent")) return;
  headers.push(["traceparent", traceparent]);
  if (tracestate !== null && !isSet("tracestate")) headers.push(["tracestate", tracestate]);
}

function replaceHeader(headers: Header[], name: string, value: string): void {
  const at = headers.findIndex(([other]) => isSameName(other, name));
  if (at >= 0) headers[at] = [name, value];
  else headers.push([name, value]);
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
