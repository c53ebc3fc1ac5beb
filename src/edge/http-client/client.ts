import { OneLife } from "../../core/service.ts";
import type { Answer, OutgoingRequest, Transport } from "../../ports.ts";
import { Exchange } from "./exchange.ts";
import { timedOut, unsendable } from "./failure.ts";
import { Pool } from "./pool.ts";
import { firstUnsendable, requestHead } from "./request-head.ts";
import { Destinations } from "./target.ts";

/**
 * Sends POST requests over HTTP/1.1 and keeps connections alive. It connects to the given address;
 * the name in the URL is used for `Host`, SNI and the verification of the certificate. Request
 * target, headers and body are sent byte for byte. Redirects are not followed, and bodies are not
 * decoded.
 *
 * If no connection is idle, a request opens one, so the caller limits the number of connections.
 * The client works without `start`; `stop` closes the idle connections.
 */
export class HttpClient extends OneLife implements Transport {
  readonly #pool = new Pool();
  readonly #destinations: Destinations;

  /**
   * @param ca PEM certificates to trust instead of the system's and those in `NODE_EXTRA_CA_CERTS`.
   */
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
