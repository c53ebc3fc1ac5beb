import type { OAuth2Auth } from "../core/endpoint-auth.ts";
import { sha256 } from "../core/hash.ts";
import { renewalMarginMs, tokenOf, tokenRequest } from "../core/oauth2.ts";
import type { Answer, Shortage } from "../ports.ts";
import { DestinationFinder } from "./destination.ts";
import type { TargetEndpoint, TargetParts } from "./target.ts";

/** Maximum size of a token endpoint's response, in bytes. */
const RESPONSE_BYTES_MAX = 64 * 1024;
/** Maximum number of access tokens to remember. The one that was used first is forgotten. */
const TOKENS_MAX = 10_000;

type Parts = Pick<TargetParts, "ports" | "policy">;
type Failure = Answer | Shortage;

/** A token endpoint's response: the token and the steady time from which it must be renewed. */
interface Fetched {
  readonly token: string;
  readonly renewAt: number;
}

/** A request for a token that is under way, and the number of attempts that wait for it. */
interface Flight {
  readonly result: Promise<Fetched | Failure>;
  readonly controller: AbortController;
  waiting: number;
}

/** The access tokens of all endpoints. They are kept while endpoints are prepared again. */
export class AccessTokens {
  readonly #tokens = new Map<string, AccessToken>();

  constructor(private readonly parts: Parts) {}

  /** Returns the access token of an endpoint with an OAuth 2.0 client. Null for any other endpoint. */
  ofEndpoint({ auth, timeoutMs }: Pick<TargetEndpoint, "auth" | "timeoutMs">): AccessToken | null {
    return auth?.type === "oauth2" ? this.of(auth, timeoutMs ?? this.parts.policy.deliveryTimeoutMs) : null;
  }

  /** Returns the access token for these credentials. `timeoutMs` limits a request for it. */
  of(auth: OAuth2Auth, timeoutMs: number): AccessToken {
    // The hash is shorter than some credentials.
    const key = Buffer.from(sha256(`${timeoutMs} ${JSON.stringify(auth)}`)).toString("base64");
    const token = this.#tokens.get(key) ?? new AccessToken(this.parts, auth, timeoutMs);
    this.#tokens.delete(key);
    if (this.#tokens.size >= TOKENS_MAX) this.#tokens.delete(this.#tokens.keys().next().value!);
    this.#tokens.set(key, token);
    return token;
  }
}

/** An access token for one set of credentials. It is fetched when needed, and renewed before it expires. */
export class AccessToken {
  readonly #url: URL;
  readonly #finder: DestinationFinder;
  #fetched: Fetched | null = null;
  #flight: Flight | null = null;

  constructor(
    private readonly parts: Parts,
    private readonly auth: OAuth2Auth,
    private readonly timeoutMs: number,
  ) {
    this.#url = new URL(auth.tokenUrl);
    this.#finder = new DestinationFinder(this.#url, parts);
  }

  /**
   * Returns the token, or the failure of the attempt. Concurrent calls share one request. Resolves
   * soon after `signal` aborts.
   */
  get(signal: AbortSignal): string | Promise<string | Failure> {
    const fetched = this.#fetched;
    if (fetched !== null && this.parts.ports.clock.steady() < fetched.renewAt) return fetched.token;
    return this.#wait(signal);
  }

  /** Forgets the token unless it has already been renewed. */
  drop(token: string): void {
    if (this.#fetched?.token === token) this.#fetched = null;
  }

  async #wait(signal: AbortSignal): Promise<string | Failure> {
    if (signal.aborted) return tooSlow;
    this.#flight ??= this.#begin();
    const flight = this.#flight;
    flight.waiting += 1;
    const { promise: aborted, resolve } = Promise.withResolvers<Failure>();
    const abort = () => resolve(tooSlow);
    signal.addEventListener("abort", abort);
    const result = await Promise.race([flight.result, aborted]);
    signal.removeEventListener("abort", abort);
    flight.waiting -= 1;
    if (flight.waiting === 0) this.#end(flight);
    return "token" in result ? result.token : result;
  }

  /** Starts a request for a new token. */
  #begin(): Flight {
    const controller = new AbortController();
    const cancel = this.parts.ports.clock.after(this.timeoutMs, () => controller.abort());
    const result = this.#fetch(controller.signal).then((fetched) => {
      cancel();
      if ("token" in fetched) this.#fetched = fetched;
      return fetched;
    });
    return { result, controller, waiting: 0 };
  }

  /**
   * Called when no attempt waits for a request any more: it has ended, or they have been aborted,
   * for example because the process is stopping.
   */
  #end(flight: Flight): void {
    if (this.#flight === flight) this.#flight = null;
    flight.controller.abort();
  }

  async #fetch(signal: AbortSignal): Promise<Fetched | Failure> {
    const { ports, policy } = this.parts;
    const found = this.#finder.known ?? (await this.#finder.resolve(signal));
    if ("kind" in found) return ofTokenEndpoint(found);
    const request = {
      ...tokenRequest(this.auth, policy.userAgent, ports.clock.now()),
      ...found,
      timeoutMs: this.timeoutMs,
      // One byte more, so that a longer response is recognised.
      responseBytesMax: RESPONSE_BYTES_MAX + 1,
    };
    const answer = await ports.transport.send(request, signal);
    if (answer.kind !== "response") return ofTokenEndpoint(answer);
    if (answer.body.byteLength > RESPONSE_BYTES_MAX) return failed("The response of the token endpoint is too large.");
    const result = tokenOf(answer.status, answer.body);
    if ("problem" in result) return failed(result.problem);
    return { token: result.token, renewAt: ports.clock.steady() + result.validForMs - renewalMarginMs };
  }
}

const tooSlow = failed("The token endpoint did not respond in time.");

function failed(detail: string): Answer {
  return { kind: "failure", reason: "auth", detail };
}

/**
 * Returns the failure of an attempt whose token could not be requested. Leaves out the headers,
 * because they contain the client's secret.
 */
function ofTokenEndpoint(failure: Failure): Failure {
  if (failure.kind !== "failure") return failure;
  return failure.reason === "proxy" ? { ...failure, headers: undefined } : failed(`Token endpoint: ${failure.detail}`);
}
