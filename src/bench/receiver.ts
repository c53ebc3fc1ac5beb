import { Histogram } from "./histogram.ts";
import { nowMs } from "./load.ts";

/** The requests that a receiver has counted since its previous report. */
export interface ReceiverReport {
  readonly received: number;
  /** Time from sending a message to the API until it arrived, in ms; null if nothing arrived. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

const SENT_AT = /"sentAt":(\d+\.\d+)/;
/** Only one of this many webhooks is measured, so that the receiver takes little CPU time. */
const MEASURED_EVERY = 4;

/** Starts a receiver of webhooks on 127.0.0.1 that responds with 200. `GET /report` returns its report. */
export function startBenchReceiver(): { readonly url: string } {
  let received = 0;
  let times = new Histogram();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      if (request.method === "GET") {
        const report: ReceiverReport = { received, p50Ms: times.percentile(0.5), p99Ms: times.percentile(0.99) };
        received = 0;
        times = new Histogram();
        return Response.json(report);
      }
      const arrivedAt = nowMs();
      if (received++ % MEASURED_EVERY === 0) {
        const sentAt = SENT_AT.exec(await request.text())?.[1];
        if (sentAt !== undefined) times.add(arrivedAt - Number(sentAt));
      }
      return new Response();
    },
  });
  return { url: `http://127.0.0.1:${server.port}` };
}
