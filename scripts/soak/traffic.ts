import { createHmac, randomUUID } from "node:crypto";
import { RECEIVERS, type Receivers } from "./receivers.ts";
import type { Server } from "./server.ts";

const APPLICATION = "soak";
const SOURCE_SECRET = "secret-of-the-soak";
const TICK_MS = 50;
/** Share of the messages that have an idempotency key, and of the requests to the source that are sent twice. */
const WITH_KEY = 0.05;
const TWICE = 0.1;
/** Endpoints that do not work get one of this many messages, so that their retries do not take all slots. */
const FAILING_EVERY = 20;
const SILENT_EVERY = 100;
const EVENT_TYPES = { all: "soak.all", failing: "soak.failing", silent: "soak.silent" };

/** What clients have done. Their numbers are acknowledged messages. */
export interface Traffic {
  readonly accepted: Set<number>;
  readonly received: Set<number>;
  /** Responses that are neither 2xx nor 429, by status and path. */
  readonly refused: Map<string, number>;
  /** Waits for the requests under way. */
  stop(): Promise<void>;
}

/** Creates an application with an endpoint for each receiver, and a source. Returns the source's URL. */
async function prepare(server: Server, { url }: Receivers): Promise<string> {
  for (const name of Object.values(EVENT_TYPES)) await server.made("POST", "/event-type", { name, description: "" });
  await server.made("POST", "/app", { name: APPLICATION, uid: APPLICATION });
  for (const name of RECEIVERS) {
    const wanted = name === "slow" ? EVENT_TYPES.all : name === "silent" ? EVENT_TYPES.silent : EVENT_TYPES.failing;
    await server.made("POST", `/app/${APPLICATION}/endpoint`, {
      uid: name,
      url: `${url}/${name}`,
      concurrency: 64,
      ...(name !== "healthy" && { filterTypes: [wanted] }),
    });
  }
  const source = await server.made<{ appId: string; ingestUrl: string }>("POST", "/ingest/api/v1/source", {
    name: "soak",
    uid: "soak",
    type: "github",
    config: { secret: SOURCE_SECRET },
    deduplicate: { by: "delivery-id", windowSeconds: 60 },
  });
  await server.made("POST", `/app/${source.appId}/endpoint`, { uid: "from-source", url: `${url}/healthy` });
  return source.ingestUrl;
}

function eventTypeOf(number: number): string {
  if (number % SILENT_EVERY === 0) return EVENT_TYPES.silent;
  return number % FAILING_EVERY === 0 ? EVENT_TYPES.failing : EVENT_TYPES.all;
}

/** Sends messages and signed requests at a rate, and does what an operator and customers do besides. */
export async function startTraffic(server: Server, receivers: Receivers, perSecond: number): Promise<Traffic> {
  const ingestUrl = await prepare(server, receivers);
  const accepted = new Set<number>();
  const received = new Set<number>();
  const refused = new Map<string, number>();
  const underWay = new Set<Promise<void>>();
  const timers: Timer[] = [];
  let number = 0;

  const track = (what: string, work: () => Promise<Response>, onAccepted: () => void = () => {}) => {
    const done = work()
      .then(async (response) => {
        await response.arrayBuffer();
        if (response.ok) onAccepted();
        else if (response.status !== 429) count(refused, `${response.status} ${what}`);
      })
      .catch((error) => count(refused, `${error instanceof Error ? error.message : error} ${what}`))
      .finally(() => underWay.delete(done));
    underWay.add(done);
  };
  const send = () => {
    const own = number++;
    const eventType = eventTypeOf(own);
    const headers: Record<string, string> = Math.random() < WITH_KEY ? { "idempotency-key": randomUUID() } : {};
    const body = { eventType, payload: { number: own, text: "x".repeat(200) } };
    const post = () => server.call("POST", `/app/${APPLICATION}/msg`, body, headers);
    track("message", post, () => accepted.add(own));
  };
  const sendToSource = () => {
    const own = number++;
    const body = JSON.stringify({ event: own });
    const headers = {
      "content-type": "application/json",
      "x-github-event": "push",
      "x-github-delivery": randomUUID(),
      "x-hub-signature-256": `sha256=${createHmac("sha256", SOURCE_SECRET).update(body).digest("hex")}`,
    };
    const post = () => fetch(ingestUrl, { method: "POST", headers, body });
    track("source", post, () => received.add(own));
    if (Math.random() < TWICE) track("source", post);
  };

  let due = 0;
  const tick = () => {
    due += (perSecond * TICK_MS) / 1000;
    for (; due >= 1; due--) (number % 4 === 3 ? sendToSource : send)();
  };
  timers.push(setInterval(tick, TICK_MS));
  for (const [everyMs, work] of chores(server)) timers.push(setInterval(() => track("chore", work), everyMs));
  const streams = [openStream(server, track)];
  return {
    accepted,
    received,
    refused,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      for (const stream of streams) stream();
      await Promise.all(underWay);
    },
  };
}

/** What happens besides messages, with its interval in ms. */
function chores(server: Server): ReadonlyArray<readonly [everyMs: number, work: () => Promise<Response>]> {
  const app = `/app/${APPLICATION}`;
  let made = 0;
  return [
    [1000, () => server.call("GET", `${app}/msg?limit=50`)],
    [1500, () => server.call("GET", `${app}/attempt/endpoint/failing?limit=50`)],
    [2000, () => server.call("GET", "/dead-letter/summary")],
    [2500, () => server.call("GET", "/overview")],
    [3000, () => server.call("GET", "/audit-log?limit=20")],
    [5000, () => fetch(`${server.url}/metrics`)],
    [
      15_000,
      () => server.call("POST", "/dead-letter/redrive", { filter: { endpointId: "recovering", appId: APPLICATION } }),
    ],
    [17_000, () => server.call("DELETE", "/dead-letter?endpointId=silent&appId=soak")],
    [4000, () => server.call("POST", "/app?get_if_exists=true", { name: "passing", uid: `passing-${made % 3}` })],
    [4100, () => server.call("DELETE", `/app/passing-${made++ % 3}`)],
    [7000, () => server.call("POST", `/auth/app-portal-access/${APPLICATION}`, {})],
    [9000, () => server.call("POST", `${app}/endpoint/healthy/secret/rotate`, {})],
  ];
}

const STREAM_MS = 12_000;

/** Reads the live view, and opens it again from time to time, as browsers do. Returns a function that ends it. */
function openStream(server: Server, track: (what: string, work: () => Promise<Response>) => void): () => void {
  let abort = new AbortController();
  const open = () => {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    track("live", async () => {
      const stream = await server.call("GET", "/live");
      const reader = stream.body?.getReader();
      signal.addEventListener("abort", () => void reader?.cancel());
      for (;;) {
        const chunk = await reader?.read();
        if (chunk === undefined || chunk.done) break;
      }
      return new Response(null, { status: stream.status });
    });
  };
  open();
  const timer = setInterval(open, STREAM_MS);
  return () => {
    clearInterval(timer);
    abort.abort();
  };
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
