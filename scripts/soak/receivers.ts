/** Paths of the receivers. */
export const RECEIVERS = ["healthy", "recovering", "failing", "slow", "silent"] as const;
export type ReceiverName = (typeof RECEIVERS)[number];

/** How long the recovering receiver fails, and how long it works, in ms. */
const RECOVERING_MS = { failing: 20_000, working: 40_000 };
const SLOW_MS = 300;

/** The numbers of the messages that a receiver has got. */
export class Received {
  #seen = new Uint8Array(1024);
  count = 0;
  repeated = 0;

  add(number: number): void {
    if (number >= this.#seen.length) {
      const larger = new Uint8Array(Math.max(number + 1, this.#seen.length * 2));
      larger.set(this.#seen);
      this.#seen = larger;
    }
    if (this.#seen[number] === 1) this.repeated++;
    else this.count++;
    this.#seen[number] = 1;
  }

  has(number: number): boolean {
    return this.#seen[number] === 1;
  }
}

export interface Receivers extends Disposable {
  readonly url: string;
  /** What the healthy receiver has got of the messages sent through the API, and of those of the source. */
  readonly sent: Received;
  readonly fromSource: Received;
}

/**
 * Starts receivers in this process. The silent one never responds. Payloads are `{"number": N}`, and
 * `{"event": N}` from the source.
 */
export function startReceivers(): Receivers {
  const sent = new Received();
  const fromSource = new Received();
  const startedAt = performance.now();
  const respond: Readonly<Record<ReceiverName, (request: Request) => Promise<Response> | Response>> = {
    async healthy(request) {
      const { number, event } = (await request.json()) as { number?: number; event?: number };
      if (number !== undefined) sent.add(number);
      if (event !== undefined) fromSource.add(event);
      return new Response();
    },
    recovering() {
      const phase = (performance.now() - startedAt) % (RECOVERING_MS.failing + RECOVERING_MS.working);
      return new Response(null, { status: phase < RECOVERING_MS.failing ? 503 : 200 });
    },
    failing: () => new Response("This receiver always fails.", { status: 500 }),
    slow: () => new Promise((resolve) => setTimeout(() => resolve(new Response()), SLOW_MS)),
    silent: () => new Promise(() => {}),
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 30,
    fetch(request) {
      const name = new URL(request.url).pathname.slice(1) as ReceiverName;
      return Object.hasOwn(respond, name) ? respond[name](request) : new Response(null, { status: 404 });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    sent,
    fromSource,
    [Symbol.dispose]: () => void server.stop(true),
  };
}
