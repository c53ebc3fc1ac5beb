import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ConfirmChannel, connect } from "amqplib";
import type { Broker } from "../support/brokers/broker.ts";
import { ElasticMq, hasElasticMq } from "../support/brokers/elasticmq.ts";
import { hasKafka, startKafka, type TestKafka } from "../support/brokers/kafka.ts";
import { natsServer, startNats } from "../support/brokers/nats.ts";
import { hasRabbitMq, startRabbitMq } from "../support/brokers/rabbitmq.ts";
import { SOURCES, type SourceWorld, sourceWorld } from "../support/brokers/source-world.ts";
import { type Certificate, selfSigned } from "../support/certificate.ts";
import { freshUid } from "../support/client.ts";
import { firstAttempt } from "../support/delivery.ts";
import { Authority, hasOpenssl } from "../support/pki.ts";

/** Time for starting a broker, which takes seconds of CPU time. */
const BROKER_MS = 120_000;

const authority = hasOpenssl ? new Authority() : null;
const { cert, key } = authority?.issue("boathook") ?? { cert: "", key: "" };
const ca = authority?.ca ?? "";
/** The certificates of a broker that demands a certificate of the same authority from its clients. */
const ofBroker = () => ({ ...(authority?.issue("127.0.0.1") as Certificate), clientCa: ca });

let world: SourceWorld;
beforeAll(async () => {
  world = await sourceWorld();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  authority?.[Symbol.dispose]();
});

/** How a client identifies itself to a broker with a private authority. */
const identified = { ca, certificate: cert, key };
const mtls = { type: "mtls", certificate: cert, key, ca };

/** Waits until the connection of a source without a client certificate, or without the authority, has failed. */
async function expectRefused(type: string, url: string): Promise<void> {
  for (const config of [{ ca }, { certificate: cert, key }]) {
    const source = await world.makeSource(type, url, { config });
    await world.untilConnection(source, "failed");
    expect(await world.patch(source, { disabled: true })).toMatchObject({ status: 200 });
  }
}

describe.skipIf(!hasOpenssl || !hasRabbitMq)("RabbitMQ with a private authority and client certificates", () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startRabbitMq({ tls: ofBroker() });
  }, BROKER_MS);
  afterAll(() => broker?.[Symbol.asyncDispose](), BROKER_MS);

  /** Makes a queue with a message. */
  async function newQueue(channel: ConfirmChannel): Promise<string> {
    const { queue } = await channel.assertQueue(freshUid("queue"), { durable: true });
    channel.sendToQueue(queue, Buffer.from('{"order":1}'), { persistent: true });
    await channel.waitForConfirms();
    return queue;
  }

  test("a source takes messages from RabbitMQ with its client certificate, and fails without it or its authority", async () => {
    const model = await connect(`amqp://127.0.0.1:${broker.port}`);
    const queue = await newQueue(await model.createConfirmChannel());
    await model.close();
    const url = `amqps://guest:guest@127.0.0.1:${broker.tlsPort}/?queue=${queue}`;
    await expectRefused("amqp", url);
    const source = await world.makeSource("amqp", url, { config: identified });
    expect((await world.arrived(source, 1))[0]!.text).toBe('{"order":1}');
  });

  test("an endpoint delivers to RabbitMQ with its client certificate", async () => {
    const at = `amqps://guest:guest@127.0.0.1:${broker.tlsPort}?exchange=amq.direct&routingKey=nobody`;
    // The broker took the message and found no queue for it.
    expect(await firstAttempt(world.send, at, { auth: mtls })).toMatchObject({ responseStatusCode: 404 });
    expect(await firstAttempt(world.send, at, { tls: { ca } })).toMatchObject({ responseStatusCode: 0 });
  });
});

describe.skipIf(!hasOpenssl || !hasKafka)("Kafka with a private authority and client certificates", () => {
  let broker: TestKafka;
  beforeAll(async () => {
    broker = await startKafka(ofBroker());
  }, BROKER_MS);
  afterAll(() => broker?.[Symbol.asyncDispose](), BROKER_MS);

  const at = (topic: string) => `kafka://ann:s%40cret@127.0.0.1:${broker.tlsPort}/${topic}?tls=true`;

  test("a source takes messages from Kafka with its client certificate, and fails without it or its authority", async () => {
    const topic = await broker.newTopic();
    await broker.producer.send({ topic, messages: [{ value: '{"order":1}' }] });
    await expectRefused("kafka", at(topic));
    const source = await world.makeSource("kafka", at(topic), { config: identified });
    expect((await world.arrived(source, 1))[0]!.text).toBe('{"order":1}');
  });

  test("an endpoint delivers to Kafka with its client certificate, and fails without it", async () => {
    const topic = await broker.newTopic();
    expect(await firstAttempt(world.send, at(topic), { auth: mtls })).toMatchObject({ responseStatusCode: 200 });
    expect(await broker.count(topic)).toBe(1);
    expect(await firstAttempt(world.send, at(topic), { tls: { ca } })).toMatchObject({ responseStatusCode: 0 });
    expect(await broker.count(topic)).toBe(1);
  });
});

describe.skipIf(!hasOpenssl || natsServer === null)("NATS with a private authority and client certificates", () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startNats(ofBroker());
  });
  afterAll(() => broker?.[Symbol.asyncDispose]());

  const at = (subject: string) => `nats://127.0.0.1:${broker.port}/${subject}?tls=true`;

  test("a source takes messages from NATS with its client certificate, and an endpoint delivers them with its own", async () => {
    const { connect: connectNats } = await import("@nats-io/transport-node");
    const { jetstreamManager } = await import("@nats-io/jetstream");
    const connection = await connectNats({ servers: `127.0.0.1:${broker.port}`, tls: { ca, cert, key } });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: "ORDERS", subjects: ["orders.>"] });
    await connection.close();
    await expectRefused("nats", at("orders.new"));
    const source = await world.makeSource("nats", at("orders.new"), { config: identified });
    await world.untilConnection(source, "connected");
    expect(await firstAttempt(world.send, at("orders.new"), { auth: mtls })).toMatchObject({ responseStatusCode: 200 });
    expect(await world.arrived(source, 1)).toHaveLength(1);
    expect(await firstAttempt(world.send, at("orders.new"), { tls: { ca } })).toMatchObject({ responseStatusCode: 0 });
  });
});

describe.skipIf(!hasElasticMq)("an SQS server with a private authority", () => {
  test(
    "a source takes messages from SQS over https with its authority, and fails with the public ones",
    async () => {
      await using sqs = await ElasticMq.start();
      const certificate = selfSigned("127.0.0.1");
      const front = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        tls: certificate,
        idleTimeout: 0,
        fetch: async (request) =>
          fetch(sqs.url, { method: "POST", headers: request.headers, body: await request.bytes() }),
      });
      try {
        await sqs.queue("orders");
        await sqs.send("orders", ['{"order":1}']);
        const endpoint = encodeURIComponent(`https://127.0.0.1:${front.port}`);
        const url = `sqs://KEY:secret@elasticmq/000000000000/orders?endpoint=${endpoint}`;
        const untrusting = await world.makeSource("sqs", url);
        await world.untilConnection(untrusting, "failed");
        await world.patch(untrusting, { disabled: true });
        const source = await world.makeSource("sqs", url, { config: { ca: certificate.cert } });
        expect((await world.arrived(source, 1))[0]!.text).toBe('{"order":1}');
        await world.patch(source, { disabled: true });
      } finally {
        await front.stop(true);
      }
    },
    BROKER_MS,
  );
});

describe("the certificates of a source that takes from a queue", () => {
  const client = selfSigned("client.example");
  const url = "amqps://u:p@a.example/?queue=orders";
  const config = { url, ca: client.cert, certificate: client.cert, key: client.key };
  const make = (own: object, type = "amqp") =>
    world.send("POST", SOURCES, { name: "q", type, disabled: true, config: own });

  test("certificates are shown, the key is shown as [set], and sending [set] keeps it", async () => {
    const { json } = await make(config);
    const shown = {
      url: "amqps://u:***@a.example/?queue=orders",
      ca: client.cert,
      certificate: client.cert,
      key: "[set]",
    };
    expect(json.config).toEqual(shown);
    const path = `${SOURCES}/${json.id}`;
    expect((await world.send("GET", path)).json.config).toEqual(shown);
    const put = await world.send("PUT", path, { name: "q2", type: "amqp", disabled: true, config: shown });
    expect(put).toMatchObject({ status: 200, json: { name: "q2", config: shown } });
    const removed = await world.send("PATCH", path, { config: { certificate: null, key: null } });
    expect(removed.json.config).toEqual({ url: shown.url, ca: client.cert });
  });

  test("the key is encrypted in the stored data", async () => {
    const { key: secret } = selfSigned("other.example");
    const pair = selfSigned("sealed.example");
    expect((await make({ url, certificate: pair.cert, key: secret })).status).toBe(422);
    expect((await make({ url, certificate: pair.cert, key: pair.key })).status).toBe(201);
    for (const text of [secret, pair.key]) expect(await world.server.stores(text.split("\n")[1]!)).toBe(false);
  });

  test.each<[field: string, text: string, change: object]>([
    ["certificate", "A private key needs its certificate.", { certificate: undefined }],
    ["key", "A certificate needs its private key.", { key: undefined }],
    ["key", "does not belong to the certificate", { key: selfSigned("b.example").key }],
    ["key", "Must be a private key in PEM.", { key: "-----BEGIN PRIVATE KEY-----" }],
    ["key", "Must be in PEM", { key: "secret" }],
    ["key", "No value is stored", { key: "[set]" }],
    ["ca", "contains a private key", { ca: client.key }],
    ["ca", "cannot be read", { ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" }],
    ["ca", "Must be a string.", { ca: 1 }],
    ["ca", "at most 65536 characters", { ca: `-----BEGIN ${"x".repeat(70_000)}` }],
    ["certificate", "expired", { certificate: selfSigned("c.example", 2021).cert }],
    ["url", "Certificates need a connection with TLS. Must be an amqps", { url: "amqp://u:p@a.example/?queue=orders" }],
  ])(
    "a request is refused with 422 at the field %s of the configuration that is wrong: %s",
    async (field, text, change) => {
      const { status, json } = await make({ ...config, ...change });
      expect({ status, detail: json.detail }).toMatchObject({
        status: 422,
        detail: [{ loc: ["body", "config", field] }],
      });
      expect(json.detail[0].msg).toContain(text);
      expect(JSON.stringify(json)).not.toContain(client.key.split("\n")[1]!);
    },
  );

  test.each([
    ["kafka", "kafka://a.example/orders"],
    ["nats", "nats://a.example/orders"],
    ["sqs", "sqs://K:s@eu-central-1/000000000000/q?endpoint=http%3A%2F%2Fa.example"],
  ])("a source of type %s without TLS cannot have an authority", async (type, clear) => {
    const { status, json } = await make({ url: clear, ca: client.cert }, type);
    expect({ status, detail: json.detail }).toMatchObject({
      status: 422,
      detail: [{ loc: ["body", "config", "url"] }],
    });
  });

  test.each(["amqp", "kafka", "nats", "sqs"])(
    "a source of type %s needs its URL, even if nothing is verified",
    async (type) => {
      for (const own of [{}, { url: "" }, { url: null }]) {
        const answer = await world.send("POST", SOURCES, { name: "q", type, verification: "off", config: own });
        expect(answer).toMatchObject({ status: 422, json: { detail: [{ loc: ["body", "config", "url"] }] } });
      }
    },
  );

  test("a certificate that has expired since it was stored does not stand in the way of other changes", async () => {
    const soon = new Date(Date.now() + 1500);
    const { cert: short, key: shortKey } = selfSigned("short.example", soon);
    const { json } = await make({ url, certificate: short, key: shortKey });
    while (Date.now() <= soon.getTime()) await Bun.sleep(soon.getTime() + 1 - Date.now());
    const path = `${SOURCES}/${json.id}`;
    expect((await world.send("PATCH", path, { name: "renamed" })).status).toBe(200);
    const config = { url, certificate: short, key: "[set]" };
    expect((await world.send("PUT", path, { name: "put", type: "amqp", disabled: true, config })).status).toBe(200);
    expect((await make({ url, certificate: short, key: shortKey })).status).toBe(422);
  });
});
