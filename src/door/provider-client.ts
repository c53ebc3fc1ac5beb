import { addressAllowed, literalAddress, type Subnet } from "../core/address.ts";
import type { Clock, Resolver, Transport } from "../ports.ts";
import { KeyUnavailable } from "./keys.ts";

/** A response with a 2xx status. */
export interface ProviderResponse {
  readonly text: string;
  /** The raw `Cache-Control` header, or null. */
  readonly cacheControl: string | null;
}

export interface ProviderClientParts {
  readonly clock: Pick<Clock, "after">;
  readonly transport: Transport;
  readonly resolver: Resolver;
  readonly policy: { readonly allowSubnets: readonly Subnet[]; readonly userAgent: string };
}

const TIMEOUT_MS = 5000;
const BODY_BYTES_MAX = 64 * 1024;
/** The client cuts a body between characters, so a cut body may be a few bytes shorter than this. */
const READ_BYTES_MAX = BODY_BYTES_MAX + 16;
const NO_BYTES = new Uint8Array(0);

/**
 * Requests documents from providers over `https`, from the addresses that deliveries may connect to.
 * Redirects are not followed. Size and duration are limited.
 */
export class ProviderClient {
  constructor(private readonly parts: ProviderClientParts) {}

  /**
   * Sends a GET request, or a POST request with a JSON text. Rejects with `KeyUnavailable` without a
   * response with a 2xx status.
   */
  async request(text: string, post?: string): Promise<ProviderResponse> {
    const { clock, transport, policy } = this.parts;
    const url = secureUrl(text);
    const abort = new AbortController();
    const cancel = clock.after(TIMEOUT_MS, () => abort.abort());
    try {
      const addresses = await this.#addressesOf(url, abort.signal);
      const answer = await transport.send(
        {
          ...{ url, addresses, timeoutMs: TIMEOUT_MS, responseBytesMax: READ_BYTES_MAX },
          method: post === undefined ? "GET" : "POST",
          headers: headersOf(policy.userAgent, post),
          body: post === undefined ? NO_BYTES : Buffer.from(post),
        },
        abort.signal,
      );
      if (answer.kind !== "response") throw unavailable(url, answer.detail);
      if (answer.status < 200 || answer.status > 299) throw unavailable(url, `The status is ${answer.status}.`);
      if (answer.body.byteLength > BODY_BYTES_MAX) throw unavailable(url, "The document is too large.");
      return { text: Buffer.from(answer.body).toString(), cacheControl: answer.cacheControl ?? null };
    } finally {
      cancel();
    }
  }

  async #addressesOf({ hostname, host }: URL, signal: AbortSignal): Promise<readonly string[]> {
    const { resolver, policy } = this.parts;
    const literal = literalAddress(hostname);
    const found = literal === null ? await resolver.resolve(hostname, signal) : [literal];
    if ("kind" in found) throw new KeyUnavailable(found.detail);
    if (found.length === 0) throw new KeyUnavailable(`The host name ${host} could not be resolved.`);
    const allowed = found.filter((address) => addressAllowed(address, policy.allowSubnets));
    if (allowed.length > 0) return allowed;
    throw new KeyUnavailable(
      `The address ${found[0]} of ${host} is not public. Requests to it are blocked unless allow-subnets contains it.`,
    );
  }
}

function headersOf(userAgent: string, post: string | undefined): ReadonlyArray<readonly [string, string]> {
  const headers: (readonly [string, string])[] = [
    ["User-Agent", userAgent],
    ["Accept-Encoding", "identity"],
  ];
  return post === undefined ? headers : [...headers, ["Content-Type", "application/json"]];
}

function secureUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "https:" || url.username !== "" || url.password !== "") {
    throw new KeyUnavailable("The address of the document is not an https URL.");
  }
  return url;
}

/** The message does not contain the query, which may hold a token. */
function unavailable({ origin, pathname }: URL, detail: string): KeyUnavailable {
  return new KeyUnavailable(`The request to ${origin}${pathname} failed. ${detail}`);
}
