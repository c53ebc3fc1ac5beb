import type { Certificate } from "./certificate.ts";

/** One request that a receiver got, read to its end. */
export interface Received {
  /** The `webhook-id` (or `svix-id`): the same over retries. */
  readonly id: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Buffer;
  /** When it had been read, in ms of a clock that never steps back. */
  readonly atMs: number;
}

/** Decides what a request is answered with. One that never resolves hangs. */
export type Answering = (request: Received) => Response | Promise<Response>;

export interface Receiver extends AsyncDisposable {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Everything that arrived, in the order in which it did. */
  readonly received: readonly Received[];
  /** How it answers from now on. */
  answering: Answering;
  /** Resolves with the requests that fit as soon as there are so many of them. Each is looked at once, in order. */
  arrived(count: number, fits?: (request: Received) => boolean): Promise<Received[]>;
}

export const ok: Answering = () => new Response(null, { status: 204 });

/** Answers with this status, and with these headers. */
export function withStatus(status: number, headers: Record<string, string> = {}): Answering {
  return () => new Response(null, { status, headers });
}

/** An answer for any number of requests that is given when the test says so. */
export function heldBack(): { readonly answering: Answering; give(answering: Answering): void } {
  const { promise, resolve } = Promise.withResolvers<Answering>();
  return { answering: async (request) => (await promise)(request), give: resolve };
}

/** A web server on a free port of 127.0.0.1 that records what it gets. It answers 204 unless it is told otherwise. */
export function startReceiver(answering: Answering = ok, certificate?: Certificate): Receiver {
  const received: Received[] = [];
  const waiting = new Set<(request: Received) => void>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    // It must be the sender that gives up on an answer that never comes.
    idleTimeout: 0,
    ...(certificate !== undefined && { tls: { cert: certificate.cert, key: certificate.key } }),
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const arrived: Received = {
        id: request.headers.get("webhook-id") ?? request.headers.get("svix-id") ?? "",
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
    url: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${server.port}`,
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

/** For `arrived`: true the first time that a message comes, false when it comes again. */
export function firstTime(): (request: Received) => boolean {
  const seen = new Set<string>();
  return ({ id }) => seen.size < seen.add(id).size;
}
