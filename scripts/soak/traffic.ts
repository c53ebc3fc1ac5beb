import { createHmac, randomUUID } from "node:crypto";
import { APPLICATION, choresOf, readLive } from "./chores.ts";
import { type CountsByReceiver, countsByReceiver, type ReceiverName, type Receivers } from "./receivers.ts";
import type { Server } from "./server.ts";

const SOURCE_SECRET = "secret-of-the-soak";
const TICK_MS = 50;
/** Share of the messages that are sent twice with one idempotency key, and of the requests to the source sent twice. */
const TWICE = { message: 0.03, source: 0.1 };
const CONCURRENCY = 64;

/** For each event type, its share (one of so many messages) and the endpoints that want it. */
const EVENT_TYPES = {
  "soak.silent": { oneOf: 100, receivers: ["silent"] },
  "soak.failing": { oneOf: 20, receivers: ["failing", "recovering"] },
  "soak.slow": { oneOf: 5, receivers: ["slow"] },
  "soak.fast": { oneOf: 1, receivers: [] },
} as const satisfies Record<string, { oneOf: number; receivers: readonly ReceiverName[] }>;
type EventType = keyof typeof EVENT_TYPES;
const TYPES = Object.entries(EVENT_TYPES) as [EventType, (typeof EVENT_TYPES)[EventType]][];
/** One of so many messages is sent to the source. */
const TO_SOURCE = 4;

/** The requests of the clients and their results. */
export interface Traffic {
  /** The numbers of the acknowledged messages that each receiver must get. */
  readonly acknowledged: CountsByReceiver;
  /** Responses that are not 2xx, and other faults, with their number. */
  readonly faults: Map<string, number>;
  /** Ends the traffic and waits for the requests under way. */
  stop(): Promise<void>;
}

/** Creates an application with an endpoint for each receiver, and a source. Returns the source's URL. */
async function prepare(server: Server, { url }: Receivers): Promise<string> {
  for (const [name] of TYPES) await server.made("POST", "/event-type", { name, description: "" });
  await server.made("POST", "/app", { name: APPLICATION, uid: APPLICATION });
  const endpoint = { concurrency: CONCURRENCY };
  await server.made("POST", `/app/${APPLICATION}/endpoint`, { ...endpoint, uid: "healthy", url: `${url}/healthy` });
  for (const [type, { receivers }] of TYPES) {
    for (const uid of receivers) {
      const filtered = { ...endpoint, uid, url: `${url}/${uid}`, filterTypes: [type] };
      await server.made("POST", `/app/${APPLICATION}/endpoint`, filtered);
    }
  }
  const source = await server.made<{ appId: string; ingestUrl: string }>("POST", "/ingest/api/v1/source", {
    name: "soak",
    uid: "soak",
    type: "github",
    config: { secret: SOURCE_SECRET },
    deduplicate: { by: "delivery-id", windowSeconds: 60 },
  });
  await server.made("POST", `/app/${source.appId}/endpoint`, { uid: "source", url: `${url}/source` });
  return source.ingestUrl;
}

/** Sends messages and signed requests at a rate, and runs the chores. */
export async function startTraffic(server: Server, receivers: Receivers, perSecond: number): Promise<Traffic> {
  const ingestUrl = await prepare(server, receivers);
  const acknowledged = countsByReceiver();
  const faults = new Map<string, number>();
  const note = (fault: string) => void faults.set(fault, (faults.get(fault) ?? 0) + 1);
  const underWay = new Set<Promise<void>>();
  const track = (what: string, work: () => Promise<Response>, onAccepted: () => void = () => {}) => {
    const done = work()
      .then(async (response) => {
        await response.arrayBuffer();
        if (response.ok) onAccepted();
        else note(`${response.status} ${what}`);
      })
      .catch((error) => note(`${error instanceof Error ? error.message : error} ${what}`))
      .finally(() => underWay.delete(done));
    underWay.add(done);
  };

  let number = 0;
  const send = () => {
    const own = number++;
    const [type, { receivers: names }] = TYPES.find(([, { oneOf }]) => own % oneOf === 0)!;
    const post = () => sendMessage(server, type, own, note);
    track("message", post, () => {
      for (const name of ["healthy", ...names] as const) acknowledged[name].add(own);
    });
  };
  const sendToSource = () => {
    const own = number++;
    const post = sourceRequest(ingestUrl, own);
    track("source", post, () => acknowledged.source.add(own));
    if (Math.random() < TWICE.source) track("source", post);
  };
  let due = 0;
  const tick = () => {
    due += (perSecond * TICK_MS) / 1000;
    for (; due >= 1; due--) (number % TO_SOURCE === TO_SOURCE - 1 ? sendToSource : send)();
  };
  const timers = [setInterval(tick, TICK_MS)];
  for (const { name, everyMs, work } of choresOf(server)) timers.push(setInterval(() => track(name, work), everyMs));
  const stopLive = readLive(server, (status) => status !== 200 && note(`${status} live view`));
  return {
    acknowledged,
    faults,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await stopLive();
      await Promise.all(underWay);
    },
  };
}

/** Sends a message, sometimes twice at once with one idempotency key. Both responses must then have the same id. */
async function sendMessage(
  server: Server,
  eventType: EventType,
  number: number,
  note: (fault: string) => void,
): Promise<Response> {
  const body = { eventType, payload: { number, text: "x".repeat(200) } };
  const post = (headers?: Record<string, string>) => server.call("POST", `/app/${APPLICATION}/msg`, body, headers);
  if (Math.random() >= TWICE.message) return await post();
  const headers = { "idempotency-key": randomUUID() };
  const responses = await Promise.all([post(headers), post(headers)]);
  const ids = await Promise.all(responses.map(async (response) => ((await response.json()) as { id: string }).id));
  if (ids[0] !== ids[1]) note("two messages with one idempotency key");
  return new Response(null, { status: responses[0].status });
}

/** Returns a function that sends a request with a signature to the source. */
function sourceRequest(url: string, number: number): () => Promise<Response> {
  const body = JSON.stringify({ number });
  const headers = {
    "content-type": "application/json",
    "x-github-event": "push",
    "x-github-delivery": randomUUID(),
    "x-hub-signature-256": `sha256=${createHmac("sha256", SOURCE_SECRET).update(body).digest("hex")}`,
  };
  return () => fetch(url, { method: "POST", headers, body });
}
