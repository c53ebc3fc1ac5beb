import { OneLife } from "../../core/service.ts";
import type { Answer, OutgoingRequest, Transport } from "../../ports.ts";
import { Exchange } from "./exchange.ts";
import { timedOut, unsendable } from "./failure.ts";
import { Pool } from "./pool.ts";
import { firstUnsendable, requestHead } from "./request-head.ts";
import { Destinations } from "./target.ts";

/**
 * Sends POST requests over HTTP/1.1, to the address that was checked: the name goes into `Host` and, for TLS, into SNI
 * and the check of the certificate. The request line, the headers and the body are sent byte for byte as given.
 * Redirects are responses like any other, and nothing is decompressed.
 *
 * It opens a connection for each request that finds no idle one: how many there are at once is up to the caller. It works
 * without being started; stopping it closes the idle connections.
 */
export class HttpClient extends OneLife implements Transport {
  readonly #pool = new Pool();
  readonly #destinations: Destinations;

  /** @param ca authorities to trust instead of those of the system and of `NODE_EXTRA_CA_CERTS`, as PEM. */
  constructor({ ca = null }: { readonly ca?: string | null } = {}) {
    super();
    this.#destinations = new Destinations(ca);
  }

  send(request: OutgoingRequest, signal: AbortSignal): Promise<Answer> {
    if (signal.aborted) return Promise.resolve(timedOut);
    const { target, headStart } = this.#destinations.of(request.url, request.address);
    const head = requestHead(headStart, request.headers, request.body.byteLength);
    if (head === null) return Promise.resolve(unsendable(firstUnsendable(request.headers)));
    return new Promise((resolve) => new Exchange(this.#pool, target, head, request, signal, resolve));
  }

  protected begin(): void {}

  protected end(): void {
    this.#pool.close();
  }
}
