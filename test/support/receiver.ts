import type { Certificate } from "./certificate.ts";

/** A request that a receiver got, with its whole body. */
export interface Received {
  /** The `webhook-id` (or `svix-id`), which is the same for all attempts. */
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Buffer;
  /** Time at which the request was fully received, in ms of a monotonic clock. */
  readonly atMs: number;
}

/** Returns the response to a request. If the promise never resolves, the request hangs. */
export type Answering = (request: Received) => Response | Promise<Response>;

export interface Receiver extends AsyncDisposable {
  /** `http://127.0.0.1:port` or with another address, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** All requests, in order of arrival. */
  readonly received: readonly Received[];
  /** Function that returns the responses to later requests. */
  answering: Answering;
  /**
   * Resolves with the matching requests as soon as there are `count` of them. Each request is
   * tested once, in order.
   */
  arrived(count: number, fits?: (request: Received) => boolean): Promise<Received[]>;
}

export const ok: Answering = () => new Response(null, { status: 204 });

/** Returns a function that responds with this status and these headers. */
export function withStatus(status: number, headers: Record<string, string> = {}): Answering {
  return () => new Response(null, { status, headers });
}

/** Returns a function that holds back all its responses until the test calls `give`. */
export function heldBack(): { readonly answering: Answering; give(answering: Answering): void } {
  const { promise, resolve } = Promise.withResolvers<Answering>();
  return { answering: async (request) => (await promise)(request), give: resolve };
}

/**
 * A web server on a free port of 127.0.0.1, or of another loopback address, that records its
 * requests. It responds with 204 by default.
 */
export function startReceiver(answering: Answering = ok, certificate?: Certificate, hostname = "127.0.0.1"): Receiver {
  const received: Received[] = [];
  const waiting = new Set<(request: Received) => void>();
  const server = Bun.serve({
    hostname,
    port: 0,
    // The sender must time out before the receiver does.
    idleTimeout: 0,
    ...(certificate !== undefined && { tls: { cert: certificate.cert, key: certificate.key } }),
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const arrived: Received = {
        id: request.headers.get("webhook-id") ?? request.headers.get("svix-id") ?? "",
        method: request.method,
        path: pathname + search,
        headers: request.headers,
        body: Buffer.from(await request.arrayBuffer()),
        atMs: performance.now(),
      };
      received.push(arrived);
      for (const look of waiting) look(arrived);
      return receiver.answering(arrived);
    },
  });
  const receiver: Receiver = {
    url: `${certificate === undefined ? "http" : "https"}://${hostname}:${server.port}`,
    port: server.port!,
    received,
    answering,
    arrived(count, fits = () => true) {
      const fitting = received.filter(fits);
      if (fitting.length >= count) return Promise.resolve(fitting);
      return new Promise((resolve) => {
        const look = (request: Received) => {
          if (!fits(request)) return;
          fitting.push(request);
          if (fitting.length < count) return;
          waiting.delete(look);
          resolve(fitting);
        };
        waiting.add(look);
      });
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
  return receiver;
}

/**
 * Returns a filter for `arrived` that is true for the first request of each message and false for
 * later ones.
 */
export function firstTime(): (request: Received) => boolean {
  const seen = new Set<string>();
  return ({ id }) => seen.size < seen.add(id).size;
}
