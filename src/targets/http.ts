import type { SigningKey } from "../core/signature.ts";
import type { Answer, ClientTls, Shortage } from "../ports.ts";
import type { AccessTokens } from "./access-token.ts";
import { AuthorizedEndpoint } from "./authorized.ts";
import { tlsOf } from "./client-tls.ts";
import { type Destination, DestinationFinder } from "./destination.ts";
import { type Header, isSameName, MessageHeaders, setAuthorization } from "./message-headers.ts";
import type { PreparedTarget, Target, TargetEndpoint, TargetMessage, TargetParts } from "./target.ts";

const NO_BODY = new Uint8Array();
/** The header of the CloudEvents HTTP webhooks that names the sender. */
const REQUEST_ORIGIN = "WebHook-Request-Origin";

/** Responses are stored for people to read, and most are too short for compression to help. */
const NOT_COMPRESSED: readonly Header[] = [["Accept-Encoding", "identity"]];

/** Sends messages as signed POST requests over `http` and `https`. */
export class HttpTarget implements Target {
  constructor(
    private readonly parts: TargetParts,
    private readonly tokens: AccessTokens,
  ) {}

  prepare(endpoint: TargetEndpoint, keys: readonly SigningKey[]): PreparedTarget {
    const prepared = new HttpEndpoint(this.parts, endpoint, keys);
    const token = this.tokens.ofEndpoint(endpoint);
    return token === null ? prepared : new AuthorizedHttpEndpoint(prepared, token);
  }
}

/** An endpoint whose requests carry an access token. */
class AuthorizedHttpEndpoint extends AuthorizedEndpoint<HttpEndpoint> {
  async askPermission(origin: string, signal: AbortSignal): Promise<Answer | Shortage> {
    const token = await this.token.get(signal);
    return typeof token === "string" ? this.endpoint.askWith(`Bearer ${token}`, origin, signal) : token;
  }
}

class HttpEndpoint implements PreparedTarget {
  readonly #finder: DestinationFinder;
  readonly #headers: MessageHeaders;
  readonly #timeoutMs: number;
  readonly #tls: ClientTls | null;

  constructor(
    private readonly parts: TargetParts,
    endpoint: TargetEndpoint,
    keys: readonly SigningKey[],
  ) {
    const url = new URL(endpoint.url);
    this.#finder = new DestinationFinder(url, parts);
    this.#headers = new MessageHeaders(parts, endpoint, keys, { url, ofConnection: NOT_COMPRESSED });
    this.#tls = tlsOf(endpoint);
    this.#timeoutMs = endpoint.timeoutMs ?? parts.policy.deliveryTimeoutMs;
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
    const headers = this.#headers.first.filter(([name]) => !isSameName(name, "content-type"));
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

  /** Sends the request to one of the addresses. */
  #send(
    { url, addresses, isLocal }: Destination,
    authorization: string | null,
    message: TargetMessage,
    signal: AbortSignal,
  ): Promise<Answer | Shortage> {
    const { ports, policy } = this.parts;
    const { payload } = message;
    const headers = this.#headers.signed(message, Math.floor(ports.clock.now() / 1000));
    if (authorization !== null) setAuthorization(headers, authorization);
    const { maxResponseStoredBytes: responseBytesMax } = policy;
    const [timeoutMs, tls] = [this.#timeoutMs, this.#tls];
    const request = { url, addresses, headers, body: payload, timeoutMs, responseBytesMax, tls, isLocal };
    const changed = message.request;
    return ports.transport.send(changed === undefined ? request : { ...request, method: changed.method }, signal);
  }
}
