import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ElasticMq, hasElasticMq } from "../support/brokers/elasticmq.ts";
import { clientOf, freshUid, type Send } from "../support/client.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { soon } from "../support/soon.ts";
import { type MadeSource, makeSource } from "../support/source.ts";

const SOURCES = "/ingest/api/v1/source";
const LOAD = 1500;

let server: TestServer;
let send: Send;
let sqs: ElasticMq;
let consumer: Receiver;

const textOf = ({ body }: { readonly body: Uint8Array }) => Buffer.from(body).toString();
const bodies = (count: number) => Array.from({ length: count }, (_, i) => `{"message":${i}}`);

/** Creates a queue and a source that takes from it. */
async function sourceOf(
  config: object = {},
  attributes: Readonly<Record<string, string>> = { VisibilityTimeout: "5" },
): Promise<MadeSource & { readonly queue: string }> {
  const queue = freshUid("queue") + (attributes.FifoQueue === "true" ? ".fifo" : "");
  await sqs.queue(queue, attributes);
  const fields = { type: "sqs", config: { url: sqs.urlOf(queue), ...config } };
  return { ...(await makeSource(send, consumer.url, { fields })), queue };
}

const get = async (source: { readonly id: string }) => (await send("GET", `${SOURCES}/${source.id}`)).json;

/** Waits until the connection of a source is in a state, with an error that contains a text. */
async function untilConnection(source: { readonly id: string }, state: string, text = ""): Promise<void> {
  const read = async () => (await get(source)).connection;
  await soon(read, (found) => found?.state === state && (found.error ?? "").includes(text));
}

/** Waits until `count` messages of a source have been delivered, and returns their bodies in order. */
async function arrivedOf(source: MadeSource, count: number): Promise<string[]> {
  const read = async () => {
    const own = consumer.received.filter(({ headers }) => headers.get("boathook-source") === source.uid);
    return new Map(own.map((request) => [request.id, textOf(request)]));
  };
  return [...(await soon(read, ({ size }) => size >= count)).values()];
}

describe.skipIf(!hasElasticMq)("a source of type sqs", () => {
  beforeAll(async () => {
    sqs = await ElasticMq.start();
    server = await startServer(["--retry-schedule=1s"]);
    send = clientOf(server.url);
    consumer = startReceiver();
  }, 90_000);
  afterAll(async () => {
    await server?.stop();
    await sqs?.[Symbol.asyncDispose]();
    await consumer?.[Symbol.asyncDispose]();
  });

  test("delivers the messages of its queue with their attributes and removes them from the queue", async () => {
    const source = await sourceOf();
    await sqs.send(source.queue, ['{"a":1.0}'], { "event-type": "order.created", "content-type": "application/json" });
    const [request] = await consumer.arrived(1, ({ headers }) => headers.get("boathook-source") === source.uid);
    expect(textOf(request!)).toBe('{"a":1.0}');
    expect(Object.fromEntries(request!.headers)).toMatchObject({
      ...{ "boathook-method": "sqs", "boathook-path": source.queue, "boathook-verification": "unattempted" },
      ...{ "content-type": "application/json", "event-type": "order.created" },
    });
    await soon(
      () => sqs.counts(source.queue),
      ({ waiting, open }) => waiting + open === 0,
    );
    const { json } = await send("GET", `/app/${source.appId}/msg`);
    expect(json.data).toMatchObject([{ eventType: "order.created", verification: "unattempted" }]);
  });

  test("has no URL, shows its keys nowhere, and keeps them for the same queue server", async () => {
    const source = await sourceOf();
    const shown = await get(source);
    expect(shown).toMatchObject({ ingestUrl: null, config: { url: sqs.urlOf(source.queue, "KEY:***") } });
    expect(JSON.stringify(shown)).not.toContain("secret");
    const kept = await send("PATCH", `${SOURCES}/${source.id}`, { config: shown.config });
    expect(kept.status).toBe(200);
    const elsewhere = sqs.urlOf(source.queue, "OTHER:***");
    const refused = await send("PATCH", `${SOURCES}/${source.id}`, { config: { url: elsewhere } });
    expect([refused.status, refused.json.detail[0].loc]).toEqual([422, ["body", "config", "url"]]);
    expect((await send("POST", `${SOURCES}/${source.id}/token/rotate`)).json.code).toBe("no_token");
  });

  test.each([
    ["a queue without a name", "sqs://a:b@eu-central-1/1", "Must be the URL of a queue"],
    ["another scheme", "https://example.com/1/q", "Must be the URL of a queue"],
    ["no text", 7, "Must be a text"],
  ])("refuses %s as its queue", async (_, url, problem) => {
    const { status, json } = await send("POST", SOURCES, { name: "Q", type: "sqs", config: { url } });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "config", "url"]]);
    expect(json.detail[0].msg).toContain(problem);
  });

  test.each([0, 1001, "7", 1.5])("refuses %p as its prefetch", async (prefetch) => {
    const config = { url: sqs.urlOf("q"), prefetch };
    const { status, json } = await send("POST", SOURCES, { name: "Q", type: "sqs", config });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "config", "prefetch"]]);
  });

  test("says that its queue does not exist, that its server is missing, and that its address is not allowed", async () => {
    const missing = {
      id: (await send("POST", SOURCES, { name: "Q", type: "sqs", config: { url: sqs.urlOf("none") } })).json.id,
    };
    await untilConnection(missing, "failed", "QueueDoesNotExist: ");
    const change = (endpoint: string) =>
      send("PATCH", `${SOURCES}/${missing.id}`, {
        config: { url: `sqs://KEY:secret@eu/1/q?endpoint=${encodeURIComponent(endpoint)}` },
      });
    await change("http://127.0.0.1:1");
    await untilConnection(missing, "failed", "The connection was refused.");
    await change("http://10.1.2.3");
    await untilConnection(missing, "failed", "10.1.2.3 is not public");
  });

  test("keeps the order of a FIFO queue", async () => {
    const source = await sourceOf({}, { FifoQueue: "true", ContentBasedDeduplication: "true" });
    const { json } = await send("GET", `/app/${source.appId}/endpoint`);
    await send("PATCH", `/app/${source.appId}/endpoint/${json.data[0].id}`, { ordering: "fifo" });
    const texts = bodies(50);
    for (const body of texts) await sqs.sendFifo(source.queue, body);
    expect(await arrivedOf(source, 50)).toEqual(texts);
  });

  test("lets go of the queue when it is disabled, and takes from it again when it is enabled", async () => {
    const source = await sourceOf();
    await untilConnection(source, "connected");
    await send("PATCH", `${SOURCES}/${source.id}`, { disabled: true });
    expect(await get(source)).toMatchObject({ disabled: true, connection: null });
    await sqs.send(source.queue, ["waits"]);
    await soon(
      () => sqs.counts(source.queue),
      ({ waiting }) => waiting === 1,
    );
    await send("PATCH", `${SOURCES}/${source.id}`, { disabled: false });
    expect(await arrivedOf(source, 1)).toEqual(["waits"]);
  });

  test("loses no message when the broker is killed and restarted under load", async () => {
    const source = await sourceOf();
    const texts = bodies(LOAD);
    await send("PATCH", `${SOURCES}/${source.id}`, { disabled: true });
    await sqs.send(source.queue, texts);
    await send("PATCH", `${SOURCES}/${source.id}`, { disabled: false });
    await arrivedOf(source, LOAD / 10);
    await sqs.kill();
    await untilConnection(source, "failed");
    await sqs.start();
    expect((await arrivedOf(source, LOAD)).sort()).toEqual([...texts].sort());
    await untilConnection(source, "connected");
    const { counts } = await get(source);
    console.log(
      `The broker was killed: ${counts.stored} of ${LOAD} messages are stored, ${counts.duplicate} came twice.`,
    );
    expect(counts).toMatchObject({ stored: LOAD, refused: 0 });
  }, 120_000);

  test("loses no message when the server is killed and restarted under load", async () => {
    const source = await sourceOf();
    const texts = bodies(LOAD);
    await send("PATCH", `${SOURCES}/${source.id}`, { disabled: true });
    await sqs.send(source.queue, texts);
    await send("PATCH", `${SOURCES}/${source.id}`, { disabled: false });
    await arrivedOf(source, LOAD / 10);
    await server.restart();
    expect((await arrivedOf(source, LOAD)).sort()).toEqual([...texts].sort());
    const { json } = await send("GET", `/app/${source.appId}/msg?limit=250`);
    expect(json.data.length).toBe(250);
  }, 120_000);

  test("waits for a broker that hangs, and goes on when it responds again", async () => {
    const source = await sourceOf();
    await untilConnection(source, "connected");
    sqs.signal("SIGSTOP");
    await Bun.sleep(500);
    sqs.signal("SIGCONT");
    await sqs.send(source.queue, bodies(20));
    expect((await arrivedOf(source, 20)).sort()).toEqual(bodies(20).sort());
  });
});
