import { Histogram } from "./histogram.ts";
import { nowMs } from "./request.ts";

/** The requests that a receiver has counted since its previous report. */
export interface ReceiverReport {
  readonly received: number;
  /** Time of the last arrival, by `nowMs()`; null if nothing arrived. */
  readonly lastArrivalAt: number | null;
  /** Time from sending a message to the API until it arrived, in ms; null if nothing arrived. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** Paths of a receiver. Requests to other paths get a 200 at once. */
export const HANGING_PATH = "/hanging";
export const REFUSING_PATH = "/refusing";

const SENT_AT = /"sentAt":(\d+\.\d+)/;
/** Only one of this many webhooks is measured, so that the receiver takes little CPU time. */
const MEASURED_EVERY = 4;

/**
 * Starts a receiver of webhooks on 127.0.0.1. `GET /report` returns its report. It counts only the
 * requests to which it responds with 200.
 */
export function startBenchReceiver(): { readonly url: string } {
  let received = 0;
  let lastArrivalAt: number | null = null;
  let times = new Histogram();
  const report = (): ReceiverReport => {
    const now = { received, lastArrivalAt, p50Ms: times.percentile(0.5), p99Ms: times.percentile(0.99) };
    received = 0;
    lastArrivalAt = null;
    times = new Histogram();
    return now;
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    routes: {
      "/report": () => Response.json(report()),
      [HANGING_PATH]: () => new Promise<Response>(() => {}),
      [REFUSING_PATH]: () => new Response(null, { status: 400 }),
    },
    async fetch(request) {
      lastArrivalAt = nowMs();
      if (received++ % MEASURED_EVERY !== 0) return new Response();
      const arrivedAt = lastArrivalAt;
      const sentAt = SENT_AT.exec(await request.text())?.[1];
      if (sentAt !== undefined) times.add(arrivedAt - Number(sentAt));
      return new Response();
    },
  });
  return { url: `http://127.0.0.1:${server.port}` };
}
