import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChannelModel, type ConfirmChannel, connect, type Options } from "amqplib";
import { type Broker, suspend } from "../support/brokers/broker.ts";
import { hasRabbitMq, startRabbitMq } from "../support/brokers/rabbitmq.ts";
import { bodies, SOURCES, type SourceWorld, sourceWorld } from "../support/brokers/source-world.ts";
import { freePort } from "../support/free-port.ts";
import { soon } from "../support/soon.ts";

const LOAD = 1500;
/** Time for starting RabbitMQ, which takes seconds of CPU time. */
const BROKER_MS = 120_000;

describe.skipIf(!hasRabbitMq)("a source of type amqp", () => {
  let world: SourceWorld;
  let broker: Broker;
  let model: ChannelModel;
  let channel: ConfirmChannel;

  const open = async () => {
    model = await connect(`amqp://127.0.0.1:${broker.port}`);
    channel = await model.createConfirmChannel();
  };
  beforeAll(async () => {
    broker = await startRabbitMq({ queues: ["kept"] });
    await open();
    world = await sourceWorld("--max-body=1KiB");
  }, BROKER_MS);
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
    await model?.close();
    await broker?.[Symbol.asyncDispose]();
  }, BROKER_MS);

  const url = (queue: string, login = "guest:guest") => `amqp://${login}@127.0.0.1:${broker.port}/?queue=${queue}`;
  let queues = 0;
  const newQueue = async (options: object = {}) =>
    (await channel.assertQueue(`in-${++queues}`, { durable: true, ...options })).queue;
  /** Publishes messages, each with its text as its id if `hasIds`. Resolves when the broker has them. */
  const publish = async (queue: string, texts: readonly string[], options: Options.Publish = {}, hasIds = false) => {
    for (const text of texts) {
      const own = hasIds ? { ...options, messageId: text } : options;
      channel.sendToQueue(queue, Buffer.from(text), { persistent: true, ...own });
    }
    await channel.waitForConfirms();
  };
  const countIn = async (queue: string) => (await channel.checkQueue(queue)).messageCount;
  const consumersOf = async (queue: string) => (await channel.checkQueue(queue)).consumerCount;
  /** Makes a source that takes from a new queue, or from one that remains when the broker is killed. */
  const newSource = async (fields: object = {}, endpoint: object = {}, kept: string | null = null) => {
    const queue = kept ?? (await newQueue());
    const source = await world.makeSource("amqp", url(queue), fields, endpoint);
    await world.untilConnection(source, "connected");
    return { ...source, queue };
  };

  test("an AMQP source delivers the messages of its queue with their headers, byte for byte", async () => {
    const source = await newSource();
    const properties = { type: "order.created", contentType: "application/json", messageId: "m1" };
    await publish(source.queue, ['{"a": 1.0}'], {
      ...properties,
      headers: { "X-Own": "own", "webhook-id": "x", n: 7 },
    });
    const [request] = await world.arrived(source, 1);
    expect(request!.text).toBe('{"a": 1.0}');
    expect(request!.headers).toMatchObject({
      ...{ "boathook-method": "amqp", "boathook-path": source.queue, "boathook-verification": "unattempted" },
      "content-type": "application/json",
    });
    expect(request!.headers["webhook-id"]).toStartWith("msg_");
    expect(request!.headers).not.toHaveProperty("n");
    expect(request!.headers["x-own"]).toBe("own");
    const { json } = await world.send("GET", `/app/${source.appId}/msg`);
    expect(json.data).toMatchObject([{ eventType: "order.created", verification: "unattempted" }]);
    await soon(
      () => countIn(source.queue),
      (count) => count === 0,
    );
  });

  test("the event type of an AMQP message is the property type, else a header, else that of the source", async () => {
    const source = await newSource();
    await publish(source.queue, ["1"], { type: "a.one" });
    await publish(source.queue, ["2"], { headers: { "event-type": "a.two" } });
    await publish(source.queue, ["3"]);
    await world.arrived(source, 3);
    const { json } = await world.send("GET", `/app/${source.appId}/msg`);
    const types = json.data.map(({ eventType }: { eventType: string }) => eventType);
    expect(types.sort()).toEqual(["a.one", "a.two", "amqp.received"]);
  });

  test("an AMQP message id that comes twice is delivered once, and equal bodies without an id are delivered each", async () => {
    const source = await newSource();
    await publish(source.queue, ["same", "same"], { messageId: "m" });
    await publish(source.queue, ["same", "same"]);
    await publish(source.queue, ["last"]);
    const arrived = await world.arrived(source, 4);
    expect(arrived.map(({ text }) => text).sort()).toEqual(["last", "same", "same", "same"]);
    expect((await world.get(source)).counts).toMatchObject({ stored: 4, duplicate: 1 });
  });

  test("an AMQP message that is too large is logged and goes to the dead letter exchange", async () => {
    const dead = await newQueue();
    const queue = await newQueue({ deadLetterExchange: "", deadLetterRoutingKey: dead });
    const source = await world.makeSource("amqp", url(queue));
    await publish(queue, ["x".repeat(2000), "small"]);
    expect((await world.arrived(source, 1))[0]!.text).toBe("small");
    const { json } = await world.send("GET", `${SOURCES}/${source.id}/log`);
    expect(json.data).toMatchObject([{ cause: "payload_too_large", method: "amqp", path: queue }]);
    expect(
      await soon(
        () => countIn(dead),
        (count) => count > 0,
      ),
    ).toBe(1);
  });

  test("an AMQP source keeps the order of its queue for an endpoint with fifo", async () => {
    const source = await newSource({}, { ordering: "fifo" });
    await publish(source.queue, bodies(100));
    expect((await world.arrived(source, 100)).map(({ text }) => text)).toEqual(bodies(100));
  });

  test("an AMQP source has no URL, and its password is shown nowhere and kept for the same server", async () => {
    const source = await newSource();
    const shown = await world.get(source);
    expect(shown).toMatchObject({ ingestUrl: null, config: { url: url(source.queue, "guest:***") } });
    expect((await world.patch(source, { config: shown.config })).status).toBe(200);
    const refused = await world.patch(source, { config: { url: "amqp://guest:***@other.example?queue=q" } });
    expect([refused.status, refused.json.detail[0].loc]).toEqual([422, ["body", "config", "url"]]);
  });

  test.each([
    "amqp://127.0.0.1",
    "amqp://127.0.0.1?queue=",
    "amqp://127.0.0.1?queue=a&exchange=b",
    "amqp://127.0.0.1/a/b?queue=a",
    "amqp:///?queue=a",
    "https://127.0.0.1?queue=a",
    `amqp://127.0.0.1?queue=${"q".repeat(256)}`,
  ])("an AMQP source cannot have the URL %s", async (at) => {
    const { status, json } = await world.send("POST", SOURCES, { name: "Q", type: "amqp", config: { url: at } });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "config", "url"]]);
  });

  test("an AMQP source says that its queue does not exist, that the login is wrong, and why it cannot connect", async () => {
    const source = await world.makeSource("amqp", url("none"));
    await world.untilConnection(source, "failed", "NOT_FOUND - no queue 'none' in vhost '/'");
    const change = (at: string) => world.patch(source, { config: { url: at } });
    await change(url("none", "guest:wrong"));
    await world.untilConnection(source, "failed", "ACCESS_REFUSED - Login was refused");
    await change(`amqp://127.0.0.1:${freePort()}?queue=a`);
    await world.untilConnection(source, "failed", "The connection was refused.");
    await change("amqp://10.1.2.3?queue=a");
    await world.untilConnection(source, "failed", "10.1.2.3 is not public");
    expect(JSON.stringify(await world.get(source))).not.toContain("wrong");
  });

  test("an AMQP source connects again when its queue was deleted and created again", async () => {
    const source = await newSource();
    await channel.deleteQueue(source.queue);
    await world.untilConnection(source, "failed");
    await channel.assertQueue(source.queue, { durable: true });
    await publish(source.queue, ["again"]);
    expect((await world.arrived(source, 1))[0]!.text).toBe("again");
  });

  test("an AMQP source leaves its queue when it is disabled or deleted, and takes from it again when it is enabled", async () => {
    const source = await newSource();
    expect(await consumersOf(source.queue)).toBe(1);
    await world.patch(source, { disabled: true });
    await soon(
      () => consumersOf(source.queue),
      (count) => count === 0,
    );
    await publish(source.queue, ["waits"]);
    expect(await countIn(source.queue)).toBe(1);
    await world.patch(source, { disabled: false });
    expect((await world.arrived(source, 1))[0]!.text).toBe("waits");
    expect((await world.send("DELETE", `${SOURCES}/${source.id}`)).status).toBe(204);
    await soon(
      () => consumersOf(source.queue),
      (count) => count === 0,
    );
  });

  test("an AMQP source takes no more messages than its prefetch while its rate is used up", async () => {
    const source = await newSource({ ingestRate: 1, config: { prefetch: 3 } });
    await publish(source.queue, bodies(20));
    await world.arrived(source, 1);
    const left = await countIn(source.queue);
    const { stored } = (await world.get(source)).counts;
    expect(left).toBeGreaterThanOrEqual(20 - 3 - stored!);
    await world.patch(source, { ingestRate: null });
    expect((await world.arrived(source, 20)).length).toBe(20);
  });

  test(
    "an AMQP source loses no message when the server is killed and restarted under load",
    async () => {
      const source = await newSource();
      const texts = bodies(LOAD);
      const publishing = publish(source.queue, texts, {}, true);
      await world.arrived(source, LOAD / 10);
      await world.server.restart();
      await publishing;
      const arrived = await world.arrived(source, LOAD);
      expect(arrived.map(({ text }) => text).sort()).toEqual([...texts].sort());
      const { counts } = await world.get(source);
      console.log(`The server was killed: ${LOAD} messages from RabbitMQ are stored, ${counts.duplicate} came twice.`);
    },
    BROKER_MS,
  );

  test(
    "an AMQP source loses no message when RabbitMQ is killed and restarted under load",
    async () => {
      const source = await newSource({}, {}, "kept");
      const texts = bodies(LOAD);
      await publish(source.queue, texts, {}, true);
      await world.arrived(source, LOAD / 10);
      await model.close();
      await broker.kill();
      await world.untilConnection(source, "failed");
      await broker.start();
      await open();
      const arrived = await world.arrived(source, LOAD);
      expect(arrived.map(({ text }) => text).sort()).toEqual([...texts].sort());
      await world.untilConnection(source, "connected");
      const { counts } = await world.get(source);
      console.log(`RabbitMQ was killed: ${LOAD} messages are stored, ${counts.duplicate} came twice.`);
    },
    BROKER_MS,
  );

  test("an AMQP source waits for a broker that hangs, and continues when it responds again", async () => {
    const source = await newSource();
    await suspend(broker.pid);
    await Bun.sleep(500);
    process.kill(broker.pid, "SIGCONT");
    await publish(source.queue, bodies(20));
    expect((await world.arrived(source, 20)).map(({ text }) => text).sort()).toEqual(bodies(20).sort());
  });
});
