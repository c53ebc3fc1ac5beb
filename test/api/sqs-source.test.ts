import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ElasticMq, hasElasticMq } from "../support/brokers/elasticmq.ts";
import { bodies, SOURCES, type SourceWorld, sourceWorld } from "../support/brokers/source-world.ts";
import { freshUid } from "../support/client.ts";
import { soon } from "../support/soon.ts";

const LOAD = 1500;

describe.skipIf(!hasElasticMq)("a source of type sqs", () => {
  let world: SourceWorld;
  let sqs: ElasticMq;
  beforeAll(async () => {
    sqs = await ElasticMq.start();
    world = await sourceWorld();
  }, 90_000);
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
    await sqs?.[Symbol.asyncDispose]();
  });

  /** Makes a source that takes from a new queue. */
  const newSource = async (
    attributes: Readonly<Record<string, string>> = { VisibilityTimeout: "5" },
    endpoint: object = {},
  ) => {
    const queue = freshUid("queue") + (attributes.FifoQueue === "true" ? ".fifo" : "");
    await sqs.queue(queue, attributes);
    return { ...(await world.makeSource("sqs", sqs.urlOf(queue), {}, endpoint)), queue };
  };
  /** Makes a source whose queue has messages when it connects. */
  const newSourceWith = async (texts: readonly string[]) => {
    const source = await newSource();
    await world.patch(source, { disabled: true });
    await sqs.send(source.queue, texts);
    await world.patch(source, { disabled: false });
    return source;
  };
  const textsOf = async (...args: Parameters<SourceWorld["arrived"]>) =>
    (await world.arrived(...args)).map(({ text }) => text);

  test("an SQS source delivers the messages of its queue with their attributes, and removes them from the queue", async () => {
    const source = await newSource();
    await sqs.send(source.queue, ['{"a":1.0}'], { "event-type": "order.created", "content-type": "application/json" });
    const [request] = await world.arrived(source, 1);
    expect(request!.text).toBe('{"a":1.0}');
    expect(request!.headers).toMatchObject({
      ...{ "boathook-method": "sqs", "boathook-path": source.queue, "boathook-verification": "unattempted" },
      ...{ "content-type": "application/json", "event-type": "order.created" },
    });
    await soon(
      () => sqs.counts(source.queue),
      ({ waiting, open }) => waiting + open === 0,
    );
    const { json } = await world.send("GET", `/app/${source.appId}/msg`);
    expect(json.data).toMatchObject([{ eventType: "order.created", verification: "unattempted" }]);
  });

  test("an SQS source has no URL, shows its secret key nowhere, and keeps it for the same server", async () => {
    const source = await newSource();
    const shown = await world.get(source);
    expect(shown).toMatchObject({ ingestUrl: null, config: { url: sqs.urlOf(source.queue, "KEY:***") } });
    expect(JSON.stringify(shown)).not.toContain("secret");
    expect((await world.patch(source, { config: shown.config })).status).toBe(200);
    const refused = await world.patch(source, { config: { url: sqs.urlOf(source.queue, "OTHER:***") } });
    expect([refused.status, refused.json.detail[0].loc]).toEqual([422, ["body", "config", "url"]]);
    expect((await world.send("POST", `${SOURCES}/${source.id}/token/rotate`)).json.code).toBe("no_token");
  });

  test.each([
    ["the URL of a queue without a name", "sqs://a:b@eu-central-1/1", "Must be the URL of a queue"],
    ["a URL with another scheme", "https://example.com/1/q", "Must be the URL of a queue"],
    ["a URL that is a number", 7, "Must be a string"],
  ])("an SQS source cannot have %s", async (_, url, problem) => {
    const { status, json } = await world.send("POST", SOURCES, { name: "Q", type: "sqs", config: { url } });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "config", "url"]]);
    expect(json.detail[0].msg).toContain(problem);
  });

  test.each([0, 1001, "7", 1.5])("an SQS source cannot have the prefetch %p", async (prefetch) => {
    const config = { url: sqs.urlOf("q"), prefetch };
    const { status, json } = await world.send("POST", SOURCES, { name: "Q", type: "sqs", config });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "config", "prefetch"]]);
  });

  test("an SQS source says that its queue does not exist, and why it cannot connect", async () => {
    const source = await world.makeSource("sqs", sqs.urlOf("none"));
    await world.untilConnection(source, "failed", "QueueDoesNotExist: ");
    const change = (server: string) =>
      world.patch(source, { config: { url: `sqs://KEY:secret@eu/1/q?endpoint=${encodeURIComponent(server)}` } });
    await change("http://127.0.0.1:1");
    await world.untilConnection(source, "failed", "The connection was refused.");
    await change("http://10.1.2.3");
    await world.untilConnection(source, "failed", "10.1.2.3 is not public");
  });

  test("an SQS source keeps the order of a FIFO queue for an endpoint with fifo", async () => {
    const source = await newSource({ FifoQueue: "true", ContentBasedDeduplication: "true" }, { ordering: "fifo" });
    const texts = bodies(50);
    for (const body of texts) await sqs.sendFifo(source.queue, body);
    expect(await textsOf(source, 50)).toEqual(texts);
  });

  test("an SQS source leaves its queue when it is disabled, and takes from it again when it is enabled", async () => {
    const source = await newSource();
    await world.untilConnection(source, "connected");
    await world.patch(source, { disabled: true });
    expect(await world.get(source)).toMatchObject({ disabled: true, connection: null });
    await sqs.send(source.queue, ["waits"]);
    await soon(
      () => sqs.counts(source.queue),
      ({ waiting }) => waiting === 1,
    );
    await world.patch(source, { disabled: false });
    expect(await textsOf(source, 1)).toEqual(["waits"]);
  });

  test("an SQS source loses no message when the broker is killed and restarted under load", async () => {
    const texts = bodies(LOAD);
    const source = await newSourceWith(texts);
    await world.arrived(source, LOAD / 10);
    await sqs.kill();
    await world.untilConnection(source, "failed");
    await sqs.start();
    expect((await textsOf(source, LOAD)).sort()).toEqual([...texts].sort());
    await world.untilConnection(source, "connected");
    const { counts } = await world.get(source);
    console.log(
      `The broker was killed: ${counts.stored} of ${LOAD} messages are stored, ${counts.duplicate} came twice.`,
    );
    expect(counts).toMatchObject({ stored: LOAD, refused: 0 });
  }, 120_000);

  test("an SQS source loses no message when the server is killed and restarted under load", async () => {
    const texts = bodies(LOAD);
    const source = await newSourceWith(texts);
    await world.arrived(source, LOAD / 10);
    await world.server.restart();
    expect((await textsOf(source, LOAD)).sort()).toEqual([...texts].sort());
    const { json } = await world.send("GET", `/app/${source.appId}/msg?limit=250`);
    expect(json.data.length).toBe(250);
  }, 120_000);

  test("an SQS source waits for a broker that hangs, and continues when it responds again", async () => {
    const source = await newSource();
    await world.untilConnection(source, "connected");
    sqs.signal("SIGSTOP");
    await Bun.sleep(500);
    sqs.signal("SIGCONT");
    await sqs.send(source.queue, bodies(20));
    expect((await textsOf(source, 20)).sort()).toEqual(bodies(20).sort());
  });
});
