import { NumberCounts } from "./numbers.ts";

/** Number of attempts before a delivery is dead: the first one and those of `retry-schedule`. */
const ATTEMPTS = 4;

/**
 * The receivers, with the minimum number of times that each message must reach them. A message for a receiver that
 * never responds with 2xx is tried until it is a dead letter.
 */
export const RECEIVERS = {
  healthy: 1,
  source: 1,
  slow: 1,
  recovering: 1,
  failing: ATTEMPTS,
  silent: ATTEMPTS,
} as const satisfies Record<string, number>;
export type ReceiverName = keyof typeof RECEIVERS;
export const RECEIVER_NAMES = Object.keys(RECEIVERS) as ReceiverName[];

/** Counts of message numbers for each receiver. */
export type CountsByReceiver = Readonly<Record<ReceiverName, NumberCounts>>;

export function countsByReceiver(): CountsByReceiver {
  return Object.fromEntries(RECEIVER_NAMES.map((name) => [name, new NumberCounts()])) as unknown as CountsByReceiver;
}

/** How long the recovering receiver fails, and how long it works, in ms. */
const RECOVERING_MS = { failing: 20_000, working: 40_000 };
const SLOW_MS = 300;

export interface Receivers extends Disposable {
  readonly url: string;
  /** The numbers of the messages in the requests that each receiver got. */
  readonly got: CountsByReceiver;
}

/** Starts receivers in this process. Payloads are `{"number": N}`. The silent one never responds. */
export function startReceivers(): Receivers {
  const got = countsByReceiver();
  const startedAt = performance.now();
  const respond: Readonly<Record<ReceiverName, () => Promise<Response> | Response>> = {
    healthy: () => new Response(),
    source: () => new Response(),
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
    async fetch(request) {
      const name = new URL(request.url).pathname.slice(1) as ReceiverName;
      if (!Object.hasOwn(respond, name)) return new Response(null, { status: 404 });
      const { number } = (await request.json()) as { number: number };
      got[name].add(number);
      return respond[name]();
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, got, [Symbol.dispose]: () => void server.stop(true) };
}
