import { basicAuthorization, type EndpointAuth } from "../core/endpoint-auth.ts";
import { isOwnHeader } from "../core/own-header.ts";
import { versionHeaders } from "../core/payload-version.ts";
import type { Received } from "../core/received.ts";
import { type SigningKey, sign, signatureHeaders } from "../core/signature.ts";
import type { TraceContext } from "../core/trace.ts";
import { type ReceivedHeadersBase, receivedHeaders, receivedHeadersBase } from "./received-headers.ts";
import type { TargetEndpoint, TargetMessage, TargetParts, TargetPolicy } from "./target.ts";

const DEFAULT_CONTENT_TYPE = "application/json";
/** Index of `Content-Type` in the prepared headers. */
const CONTENT_TYPE = 0;

export type Header = readonly [name: string, value: string];

/** Where the headers of a delivery are sent. */
export interface HeaderPlace {
  /** The URL whose user is sent as `Authorization`. Null if the user is for somebody else. */
  readonly url: URL | null;
  /** Headers about the connection, for HTTP receivers. */
  readonly ofConnection: readonly Header[];
}

/**
 * The headers of the deliveries to an endpoint: its own, those of the message or of its sender, and
 * the signature.
 */
export class MessageHeaders {
  /** The first headers of every delivery. The message's headers and the signature follow them. */
  readonly first: readonly Header[];
  readonly #setsContentType: boolean;
  /** The headers of received messages. Null until the first such message. */
  #received: ReceivedHeadersBase | null = null;

  constructor(
    private readonly parts: Pick<TargetParts, "ids" | "policy">,
    private readonly endpoint: TargetEndpoint,
    private readonly keys: readonly SigningKey[],
    private readonly place: HeaderPlace,
  ) {
    this.first = headersOf(place, endpoint, parts.policy);
    this.#setsContentType = Object.keys(endpoint.headers).some((name) => isSameName(name, "content-type"));
  }

  /**
   * Returns all headers of an attempt. The signature is created at the time of sending, so that
   * receivers that reject old timestamps accept retries.
   */
  signed(message: TargetMessage, timestampSeconds: number): Header[] {
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
    const headers = this.first.slice();
    if (contentType !== null && !this.#setsContentType) headers[CONTENT_TYPE] = ["Content-Type", contentType];
    if (own !== null) for (const name in own) setHeader(headers, name, own[name]!);
    return headers;
  }

  /** Returns the headers if a transformation has replaced those of the endpoint and the message. */
  #changedHeaders(contentType: string | null, changed: Readonly<Record<string, string>>): Header[] {
    const headers = headersOf(this.place, { ...this.endpoint, headers: {} }, this.parts.policy);
    if (contentType !== null) headers[CONTENT_TYPE] = ["Content-Type", contentType];
    for (const name in changed) setHeader(headers, name, changed[name]!);
    return headers;
  }

  #headersForReceived(message: TargetMessage, received: Received): Header[] {
    const { signatureHeaders: mode, userAgent } = this.parts.policy;
    this.#received ??= receivedHeadersBase(endpointHeaders(this.place, this.endpoint), userAgent, mode);
    return receivedHeaders(message, received, this.#received);
  }
}

/** The headers of an attempt over a protocol that is not HTTP. */
export interface CarriedHeaders {
  readonly id: string;
  readonly timestampSeconds: number;
  readonly contentType: string;
  /** The headers with the id, the timestamp and the signature, by `signature-headers`. */
  readonly signature: readonly Header[];
  /** All other headers, with names in lower case. Their names are unique. */
  readonly others: readonly Header[];
}

/** Headers that only concern HTTP. `content-type` is kept separately. */
const OF_HTTP: ReadonlySet<string> = new Set(["content-type", "user-agent", "accept", "accept-encoding"]);
const OF_SIGNATURE = /^(?:webhook|svix)-(?:id|timestamp|signature)$/;

/**
 * Returns the headers of an attempt in the form for protocols that are not HTTP. `authorization` is its
 * access token, or null if it has none.
 */
export function carriedHeaders(
  headers: MessageHeaders,
  message: TargetMessage,
  { ids, ports: { clock } }: Pick<TargetParts, "ids" | "ports">,
  authorization: string | null = null,
): CarriedHeaders {
  const timestampSeconds = Math.floor(clock.now() / 1000);
  const signed = headers.signed(message, timestampSeconds);
  if (authorization !== null) setAuthorization(signed, authorization);
  const all = signed.map(([name, value]): Header => [name.toLowerCase(), value]);
  return {
    id: ids.encode(message.idPrefix ?? "msg_", message.seq),
    timestampSeconds,
    contentType: all.find(([name]) => name === "content-type")?.[1] ?? DEFAULT_CONTENT_TYPE,
    signature: all.filter(([name]) => OF_SIGNATURE.test(name)),
    others: all.filter(([name]) => !OF_HTTP.has(name) && !OF_SIGNATURE.test(name)),
  };
}

/** Returns the headers in the form in which a failed attempt keeps those of its request. */
export function sentHeaders({ contentType, others, signature }: CarriedHeaders): string {
  const all = [["content-type", contentType] as const, ...others, ...signature];
  return `\n${all.map(([name, value]) => `${name}: ${value}\n`).join("")}`;
}

function headersOf(place: HeaderPlace, endpoint: TargetEndpoint, { userAgent }: TargetPolicy): Header[] {
  const headers: Header[] = [
    ["Content-Type", DEFAULT_CONTENT_TYPE],
    ["User-Agent", userAgent],
  ];
  for (const [name, value] of endpointHeaders(place, endpoint)) setHeader(headers, name, value);
  return headers;
}

/** Returns the headers that depend only on the endpoint. */
function endpointHeaders({ url, ofConnection }: HeaderPlace, endpoint: TargetEndpoint): Header[] {
  const headers = ofConnection.slice();
  if (url !== null && (url.username !== "" || url.password !== "")) headers.push(["Authorization", basicAuth(url)]);
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
export function setAuthorization(headers: Header[], value: string): void {
  const at = headers.findIndex(([name, before]) => name === "Authorization" && before === "");
  if (at >= 0) headers[at] = ["Authorization", value];
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

export function isSameName(one: string, other: string): boolean {
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
