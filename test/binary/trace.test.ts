import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { type CollectedSpan, type Collector, startCollector } from "../support/collector.ts";
import { until } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { type Installation, type InstallOptions, install } from "../support/installation.ts";
import { type Receiver, startReceiver, withStatus } from "../support/receiver.ts";

/** Tests the traces that the executable exports, from the caller over the collector to the receiver. */

setDefaultTimeout(60_000);

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const CALLER_SPAN = "b7ad6b7169203331";
const caller = (flags = "01") => ({
  traceparent: `00-${TRACE_ID}-${CALLER_SPAN}-${flags}`,
  tracestate: "rojo=1,congo=2",
});
const KIND = { internal: 1, server: 2, client: 3 };

let collector: Collector;
let receiver: Receiver;
beforeEach(() => {
  collector = startCollector();
  receiver = startReceiver();
});
afterEach(async () => {
  await receiver[Symbol.asyncDispose]();
  await collector[Symbol.asyncDispose]();
});

interface Traced extends AsyncDisposable {
  readonly boathook: Installation;
  send(headers?: Record<string, string>): Promise<string>;
}

/** Starts the executable with an application whose endpoint is the receiver. */
async function start(args: readonly string[] = [], options: InstallOptions = {}): Promise<Traced> {
  const boathook = await install([`--otlp-endpoint=${collector.url}`, "--log-level=debug", ...args], options);
  const app = await makeApplication(boathook.send);
  await boathook.send("POST", `/app/${app}/endpoint`, { url: `${receiver.url}/hook?secret=in-query` });
  return {
    boathook,
    async send(headers = {}) {
      const message = { eventType: "user.signup", payload: {} };
      const { status, json } = await boathook.send("POST", `/app/${app}/msg`, message, { headers });
      expect(status).toBe(202);
      return json.id as string;
    },
    [Symbol.asyncDispose]: () => boathook[Symbol.asyncDispose](),
  };
}

/** Waits until the collector has this number of spans. */
async function collected(count: number): Promise<readonly CollectedSpan[]> {
  await until(
    async () => collector.spans.length,
    (length) => length >= count,
  );
  return collector.spans;
}

const named = (spans: readonly CollectedSpan[], name: string) =>
  spans.filter((span) => span.name === `boathook.${name}`);

async function metric({ boathook }: Traced, name: string): Promise<number> {
  const text = await (await fetch(`${boathook.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

for (const protocol of ["http/protobuf", "http/json"] as const) {
  test(`caller, server and receiver share one trace (${protocol})`, async () => {
    await using traced = await start([`--otlp-protocol=${protocol}`]);
    const messageId = await traced.send(caller());
    const spans = await collected(4);
    expect(spans.map(({ traceId, traceState }) => [traceId, traceState])).toEqual(
      Array(4).fill([TRACE_ID, "rojo=1,congo=2"]),
    );
    const [[accept], [commit], [attempt], [settle]] = ["accept", "commit", "attempt", "settle"].map((name) =>
      named(spans, name),
    ) as [[CollectedSpan], [CollectedSpan], [CollectedSpan], [CollectedSpan]];
    expect([accept.parentSpanId, commit.parentSpanId]).toEqual([CALLER_SPAN, accept.spanId]);
    expect([attempt.parentSpanId, settle.parentSpanId]).toEqual([accept.spanId, attempt.spanId]);
    expect([accept, commit, attempt, settle].map(({ kind }) => kind)).toEqual([
      ...[KIND.server, KIND.internal, KIND.client, KIND.internal],
    ]);
    expect(accept.startTime <= commit.startTime && commit.endTime <= accept.endTime).toBe(true);
    for (const { startTime, endTime } of spans) expect(endTime >= startTime).toBe(true);
    expect(attempt.attributes).toEqual({
      "boathook.message.id": messageId,
      "boathook.application.id": expect.stringMatching(/^app_/),
      "boathook.event_type": "user.signup",
      "boathook.endpoint.id": expect.stringMatching(/^ep_/),
      "boathook.delivery.id": expect.stringMatching(/^dlv_/),
      "boathook.attempt.id": expect.stringMatching(/^atmpt_/),
      "boathook.attempt.number": 1,
      "url.full": `${receiver.url}/hook`,
      "server.address": "127.0.0.1",
      "server.port": receiver.port,
      "http.response.status_code": 204,
    });
    expect(attempt.resource).toMatchObject({ "service.name": "boathook" });
    const [request] = await receiver.arrived(1);
    expect(request!.headers.get("traceparent")).toBe(`00-${TRACE_ID}-${attempt.spanId}-01`);
    expect(request!.headers.get("tracestate")).toBe("rojo=1,congo=2");
    const line = await traced.boathook.process.logged(({ event }) => event === "attempt");
    expect(line).toMatchObject({ msgId: messageId, traceId: TRACE_ID });
    await until(
      () => metric(traced, "boathook_spans_exported_total"),
      (count) => count === 4,
    );
  });
}

test("a failed attempt is an error, and its retry after a restart belongs to the same trace", async () => {
  receiver.answering = withStatus(500);
  await using traced = await start(["--retry-schedule=2s"]);
  await traced.send();
  await receiver.arrived(1);
  await traced.boathook.process.stop();
  await traced.boathook.start();
  receiver.answering = withStatus(200);
  await receiver.arrived(2);
  const spans = await collected(6);
  const [first, second] = named(spans, "attempt");
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(named(spans, "accept")[0]!.parentSpanId).toBe("");
  expect([first!.parentSpanId, second!.parentSpanId]).toEqual(Array(2).fill(named(spans, "accept")[0]!.spanId));
  expect(first).toMatchObject({
    status: { code: 2, message: "status_5xx" },
    attributes: { "error.type": "status_5xx" },
  });
  expect(second).toMatchObject({ status: { code: 0 }, attributes: { "boathook.attempt.number": 2 } });
  const parents = receiver.received.map(({ headers }) => headers.get("traceparent"));
  expect(parents).toEqual([first!, second!].map(({ traceId, spanId }) => `00-${traceId}-${spanId}-03`));
});

test("a source continues the trace of its sender", async () => {
  await using boathook = await install([`--otlp-endpoint=${collector.url}`]);
  const { json: source } = await boathook.send("POST", "/ingest/api/v1/source", {
    name: "orders",
    type: "generic-webhook",
  });
  await boathook.send("POST", `/app/${source.appId}/endpoint`, { url: receiver.url });
  await fetch(source.ingestUrl, { method: "POST", body: "{}", headers: caller() });
  const spans = await collected(4);
  expect(named(spans, "accept")[0]).toMatchObject({ traceId: TRACE_ID, parentSpanId: CALLER_SPAN });
  const [request] = await receiver.arrived(1);
  const { headers } = request!;
  expect(headers.get("traceparent")).toBe(`00-${TRACE_ID}-${named(spans, "attempt")[0]!.spanId}-01`);
  expect([headers.get("boathook-sender-traceparent"), headers.get("tracestate")]).toEqual(Object.values(caller()));
});

describe("sampling", () => {
  test("with `otlp-sample=0` only the traces that a caller records are exported", async () => {
    await using traced = await start(["--otlp-sample=0"]);
    await traced.send();
    await traced.send(caller("00"));
    await receiver.arrived(2);
    await traced.send(caller("01"));
    const spans = await collected(4);
    await traced.boathook.process.stop();
    expect(spans.map(({ traceId, parentSpanId }) => [traceId, parentSpanId !== ""])).toEqual(
      Array(4).fill([TRACE_ID, true]),
    );
    const parents = receiver.received.map(({ headers }) => headers.get("traceparent")!);
    expect(parents.map((parent) => parent.slice(-2))).toEqual(["02", "00", "01"]);
    expect(parents[1]).toStartWith(`00-${TRACE_ID}-`);
    expect(parents[1]).not.toContain(CALLER_SPAN);
  });

  test("with `otlp-sample=0.5` about half of the traces are exported, each as a whole", async () => {
    await using traced = await start(["--otlp-sample=0.5"]);
    const count = 200;
    for (let i = 0; i < count; i++) await traced.send();
    await receiver.arrived(count);
    await traced.boathook.process.stop();
    const bySize = Map.groupBy(Map.groupBy(collector.spans, ({ traceId }) => traceId).values(), ({ length }) => length);
    expect([...bySize.keys()]).toEqual([4]);
    expect(bySize.get(4)!.length).toBeWithin(60, 140);
    const sampled = receiver.received.filter(({ headers }) => headers.get("traceparent")!.endsWith("-03"));
    expect(sampled).toHaveLength(bySize.get(4)!.length);
  });
});

describe("a collector that does not work", () => {
  test("deliveries go on while the collector is down, and spans are exported when it is back", async () => {
    const port = freePort();
    await using traced = await start([`--otlp-endpoint=http://127.0.0.1:${port}`]);
    await traced.send();
    await receiver.arrived(1);
    const failing = await traced.boathook.process.logged(({ event }) => event === "traces.failing");
    expect(failing).toMatchObject({ level: "warn" });
    await using late = startCollector(port);
    await traced.boathook.process.logged(({ event }) => event === "traces.recovered");
    expect(late.spans).toHaveLength(4);
  });

  test("the server stops soon although the collector hangs, and what it dropped is no loss of messages", async () => {
    collector.answering = () => new Promise(() => {});
    await using traced = await start(["--shutdown-timeout=30s"]);
    await traced.send();
    await receiver.arrived(1);
    await until(
      async () => collector.requests.length,
      (count) => count > 0,
    );
    const stopped = await Promise.race([traced.boathook.process.stop(), Bun.sleep(8000).then(() => "still running")]);
    expect(stopped).toBe(0);
  });

  test("refused spans are counted, and the headers of the requests are secret", async () => {
    collector.answering = () => new Response("no", { status: 401 });
    const env = { BOATHOOK_OTLP_HEADERS: "authorization=Bearer%20collector-secret,x-team=web" };
    await using traced = await start([], { env });
    await traced.send();
    await until(
      () => metric(traced, "boathook_spans_dropped_total"),
      (count) => count === 4,
    );
    const { headers } = collector.requests[0]!;
    expect([headers.get("authorization"), headers.get("x-team")]).toEqual(["Bearer collector-secret", "web"]);
    const { text } = await traced.boathook.send("GET", "/system");
    await traced.boathook.process.stop();
    for (const seen of [text, JSON.stringify(traced.boathook.process.log)])
      expect(seen).not.toContain("collector-secret");
    expect(text).toContain('"otlp-headers"');
  });
});

test("`otlp-headers` on the command line is refused, because command lines are visible", async () => {
  await expect(install(["--otlp-headers=a=b"])).rejects.toThrow("otlp-headers");
});
