import { median } from "../figures.ts";
import { REFUSING_PATH } from "../receiver.ts";
import { numberText } from "../report.ts";
import { BATCH, batchRequests } from "../request.ts";
import { startReceiver } from "../run-load.ts";
import { BODY_BYTES, namedUrl, type Scenario, type ScenarioContext, single } from "../scenario.ts";
import { createEndpoints, type Server, startServer } from "../subject.ts";
import { prepared } from "./prepared.ts";

const ATTEMPTS = 1_000_000;
const DEAD_SHARE = 0.4;
/** A list is read this often. The median of the longest holds is its figure. */
const READS = 5;
const PING_EVERY_MS = 1;
const HOLD_MS_MAX = 20;

/** Lists and summaries, with filters that match much, little and nothing. */
const PATHS = [
  "/api/v1/app/bench-0/msg",
  "/api/v1/app/bench-0/msg?event_types=bench.event-1",
  "/api/v1/app/bench-0/msg?channel=unknown",
  "/api/v1/app/bench-0/msg?tag=unknown",
  "/api/v1/message",
  "/api/v1/app/bench-0/attempt/endpoint/ep-0",
  "/api/v1/app/bench-0/attempt/endpoint/ep-0?status=2",
  "/api/v1/app/bench-0/attempt/endpoint/ep-1?status=2",
  "/api/v1/app/bench-0/attempt/endpoint/ep-1?status_code_class=400",
  "/api/v1/app/bench-0/endpoint/ep-0/msg",
  "/api/v1/app/bench-0/endpoint/ep-1/msg?status=2",
  "/api/v1/dead-letter",
  "/api/v1/dead-letter?app_id=bench-0",
  "/api/v1/dead-letter/summary",
  "/api/v1/dead-letter/summary?app_id=bench-0",
  "/api/v1/app/bench-0/dead-letter",
  "/api/v1/overview",
  "/api/v1/overview/app",
  "/api/v1/overview/app/bench-0",
  "/api/v1/overview/app/bench-0/endpoint/ep-1",
  "/api/v1/app/bench-0/endpoint/ep-1/stats",
  "/api/v1/app/bench-0/endpoint/ep-1/attempt-stats",
  "/api/v1/stats/timeseries",
  "/api/v1/search?q=bench",
] as const;

export const lists: Scenario = {
  name: "lists",
  title: "lists and summaries with 1,000,000 attempts and 400,000 dead letters",
  preparation: "delivers 600,000 messages and lets 400,000 fail, about 3 minutes",
  async run(context) {
    const { work } = context;
    using directory = work.directory();
    await using receiver = await startReceiver(work);
    await using server = await startServer(work, directory.path);
    await fill(context, server, receiver.url);
    const holds: number[] = [];
    for (const path of PATHS) {
      const ms = await holdOf(server, path);
      context.onProgress(`GET ${path}: ${numberText(ms, "ms")} ms`);
      holds.push(ms);
    }
    const name = `longest hold of the event loop, ${PATHS.length} lists`;
    return { figures: [single([name, "ms"], [Math.max(...holds)], (ms) => ms, { valueMax: HOLD_MS_MAX })] };
  },
};

/** Endpoint 0 gets the messages that are delivered, endpoint 1 those that fail. */
async function fill({ work, size, onProgress }: ScenarioContext, server: Server, receiverUrl: string): Promise<void> {
  const attempts = size ?? ATTEMPTS;
  await createEndpoints(server, { url: namedUrl(receiverUrl), types: 2 });
  const failing = { url: namedUrl(receiverUrl, REFUSING_PATH), retrySchedule: [] };
  await server.call("PATCH", "/api/v1/app/bench-0/endpoint/ep-1", failing);
  for (const [type, share] of [
    [0, 1 - DEAD_SHARE],
    [1, DEAD_SHARE],
  ] as const) {
    const requests = batchRequests(server.token, BODY_BYTES);
    const body = requests.body.replace("{type}", String(type));
    const requestsMax = Math.ceil((attempts * share) / BATCH);
    onProgress(`storing ${requestsMax * BATCH} messages that ${type === 0 ? "are delivered" : "fail"} …`);
    await prepared(work, server, { requests: { ...requests, body }, requestsMax });
  }
}

/** Returns the median of the longest times for which reading a list holds the event loop of the server. */
async function holdOf(server: Server, path: string): Promise<number> {
  const holds: number[] = [];
  for (let read = 0; read < READS; read++) {
    let isReading = true;
    const reading = server.call("GET", path).finally(() => {
      isReading = false;
    });
    let longest = 0;
    while (isReading) {
      const startedAt = performance.now();
      await fetch(new URL("/api/v1/health/ping", server.url));
      longest = Math.max(longest, performance.now() - startedAt);
      await Bun.sleep(PING_EVERY_MS);
    }
    await reading;
    holds.push(longest);
  }
  return median(holds);
}
