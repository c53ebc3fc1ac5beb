/** The receivers of the demo: endpoints that succeed, fail, are slow, hang, or recover after a while. */

/** How long the recovering receiver fails and then works, in ms. */
const PHASE_MS = 60_000;
const SLOW_MS = 1_500;

type Behaviour = (startedAt: number) => Response | Promise<Response>;

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  "/ok": () => new Response("ok"),
  "/slow": async () => {
    await Bun.sleep(SLOW_MS);
    return new Response("ok, but slowly");
  },
  "/broken": () => new Response('{"error":"database is down"}', { status: 500 }),
  "/unauthorised": () => new Response("unknown signature", { status: 401 }),
  "/hangs": () => new Promise<Response>(() => {}),
  "/recovers": (startedAt) =>
    Math.floor((Date.now() - startedAt) / PHASE_MS) % 2 === 0
      ? new Response("deploying", { status: 503 })
      : new Response("ok"),
};

export interface Receivers {
  url(path: keyof typeof BEHAVIOURS): string;
  stop(): Promise<void>;
}

/** Starts the receivers on a free port of 127.0.0.1. */
export function startReceivers(): Receivers {
  const startedAt = Date.now();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      await request.arrayBuffer();
      const behaviour = BEHAVIOURS[new URL(request.url).pathname];
      return behaviour === undefined ? new Response("no such receiver", { status: 404 }) : behaviour(startedAt);
    },
  });
  return {
    url: (path) => `http://127.0.0.1:${server.port}${path}`,
    stop: () => server.stop(true),
  };
}
