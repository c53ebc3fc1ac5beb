import { connectAddressesMax } from "../../core/connect-order.ts";
import { OneLife } from "../../core/service.ts";
import type { Answer, OutgoingRequest, Shortage, Transport } from "../../ports.ts";
import { systemCalls } from "../system-calls.ts";
import { Exchange } from "./exchange.ts";
import { FailedTargets } from "./failed-targets.ts";
import { timedOut, unsendable } from "./failure.ts";
import { Pool } from "./pool.ts";
import type { EgressProxy } from "./proxy.ts";
import { firstUnsendable, requestHead } from "./request-head.ts";
import { Destinations, routeOf } from "./target.ts";

/**
 * Sends requests over HTTP/1.1 and keeps connections alive. The client connects to the given
 * addresses in turn until one works. The name in the URL is used for `Host`, SNI and the
 * verification of the certificate. Request target, headers and body are sent byte for byte.
 * Redirects are not followed. The beginning of a response body is decompressed and converted to
 * UTF-8.
 *
 * If no connection is idle, a request opens a new one, so callers limit the number of connections
 * by limiting concurrent requests. The client works without `start`; `stop` closes the idle
 * connections.
 */
export class HttpClient extends OneLife implements Transport {
  readonly #pool = new Pool();
  readonly #failed = new FailedTargets();
  readonly #destinations: Destinations;

  /**
   * @param ca PEM certificates to trust instead of those of the system and of
   * `NODE_EXTRA_CA_CERTS`.
   * @param proxy The proxy through which all requests are sent, except those to this server itself.
   */
  constructor({ ca = null, proxy = null }: { readonly ca?: string | null; readonly proxy?: EgressProxy | null } = {}) {
    super();
    systemCalls();
    this.#destinations = new Destinations(ca, proxy);
  }

  send(request: OutgoingRequest, signal: AbortSignal): Promise<Answer | Shortage> {
    if (signal.aborted) return Promise.resolve(timedOut);
    const destination = this.#destinations.of(request);
    const { headers, body, method } = request;
    const { headStart } = destination;
    const start = method === undefined || method === "POST" ? headStart : headStart.replace("POST", method);
    const hasBody = method !== "GET" && method !== "OPTIONS";
    const head = requestHead(start, headers, hasBody ? body.byteLength : null);
    if (head === null) return Promise.resolve(unsendable(firstUnsendable(request.headers)));
    const targets = routeOf(destination);
    const route = targets.length === 1 ? targets : this.#failed.route(targets, connectAddressesMax);
    return new Promise((resolve) => {
      new Exchange({ pool: this.#pool, failed: this.#failed }, route, head, request, signal, resolve);
    });
  }

  protected begin(): void {}

  protected end(): void {
    this.#pool.close();
  }
}
