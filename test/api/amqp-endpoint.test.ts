import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Channel, type ChannelModel, connect } from "amqplib";
import { Webhook } from "standardwebhooks";
import type { Broker } from "../support/brokers/broker.ts";
import { hasRabbitMq, startRabbitMq } from "../support/brokers/rabbitmq.ts";
import { selfSigned } from "../support/certificate.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, firstAttempt, makeEndpoint, sendMessage, sendMessages, until } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Time for starting RabbitMQ, which takes seconds of CPU time. */
const BROKER_MS = 120_000;

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

/** Sends a message to a new endpoint and returns its first attempt. */
const delivered = (url: string, endpoint: object = {}) => firstAttempt(send, url, endpoint);

describe.skipIf(!hasRabbitMq)("an endpoint with an AMQP URL", () => {
  const certificate = selfSigned("127.0.0.1");
  let broker: Broker;
  let model: ChannelModel;
  let channel: Channel;

  const open = async () => {
    model = await connect(`amqp://127.0.0.1:${broker.port}`);
    channel = await model.createChannel();
  };
  beforeAll(async () => {
    broker = await startRabbitMq({ tls: certificate, queues: ["kept"] });
    await open();
  }, BROKER_MS);
  afterAll(async () => {
    await model?.close();
    await broker?.[Symbol.asyncDispose]();
  }, BROKER_MS);

  const url = (rest = "") => `amqp://guest:guest@127.0.0.1:${broker.port}${rest}`;
  let queues = 0;
  const newQueue = async (options: object = {}) => {
    const { queue } = await channel.assertQueue(`queue-${++queues}`, { durable: true, ...options });
    return queue;
  };
  /** Returns the ids of all messages in a queue, in order. */
  const idsIn = async (queue: string) => {
    const ids: string[] = [];
    for (;;) {
      const message = await channel.get(queue, { noAck: true });
      if (message === false) return ids;
      ids.push(message.properties.messageId);
    }
  };

  test("the RabbitMQ queue with the name of the event type gets the message with a valid signature and the endpoint's headers", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, url(), { headers: { "X-Tenant": "t1" } });
    await channel.assertQueue("invoice.paid");
    const payload = { amount: 1.5, name: "Ä" };
    const id = await sendMessage(send, app, { eventType: "invoice.paid", payload });
    const [attempt] = await attemptsOf(send, app, id);
    expect(attempt).toMatchObject({ url: url().replace(":guest@", ":***@"), responseStatusCode: 200, reason: null });
    const message = await channel.get("invoice.paid", { noAck: true });
    if (message === false) throw new Error("The queue is empty.");
    const { messageId, type, contentType, appId, deliveryMode, headers = {} } = message.properties;
    expect({ messageId, type, contentType, appId, deliveryMode }).toEqual({
      ...{ messageId: id, type: "invoice.paid", contentType: "application/json", appId: "boathook", deliveryMode: 2 },
    });
    expect(headers["x-tenant"]).toBe("t1");
    const { key } = (await send("GET", `/app/${app}/endpoint/${endpoint}/secret`)).json;
    expect(new Webhook(key).verify(message.content, headers as Record<string, string>)).toEqual(payload);
  });

  test("the URL of an AMQP endpoint chooses exchange and routing key", async () => {
    const queue = await newQueue();
    await channel.bindQueue(queue, "amq.direct", "paid");
    const attempt = await delivered(url("?exchange=amq.direct&routingKey=paid"));
    expect(attempt).toMatchObject({ responseStatusCode: 200 });
    expect(await idsIn(queue)).toHaveLength(1);
  });

  test("attempts show the refusals of RabbitMQ with the code of the protocol and its name", async () => {
    expect(await delivered(url("?routingKey=nowhere"))).toMatchObject({
      ...{ responseStatusCode: 404, reason: "status_4xx" },
      response: "NO_ROUTE: No queue gets messages with this exchange and routing key.",
    });
    expect(await delivered(url("?exchange=none"))).toMatchObject({
      ...{ responseStatusCode: 404, response: "NOT_FOUND - no exchange 'none' in vhost '/'" },
    });
    const denied = await delivered(url().replace("guest:guest", "guest:wrong"));
    expect(denied).toMatchObject({ responseStatusCode: 403, reason: "status_4xx" });
    expect(denied.response).toStartWith("ACCESS_REFUSED");
  });

  test("a message that RabbitMQ does not take is retried until there is room", async () => {
    const queue = await newQueue({ maxLength: 1, overflow: "reject-publish" });
    const app = await makeApplication(send);
    await makeEndpoint(send, app, url(`?routingKey=${queue}`), { retrySchedule: ["1s", "1s", "1s", "1s"] });
    const ids = [await sendMessage(send, app), await sendMessage(send, app)];
    const all = async () => (await Promise.all(ids.map((id) => attemptsOf(send, app, id)))).flat();
    const refused = (await until(all, (found) => found.some(({ reason }) => reason !== null))).find(
      (one) => one.reason,
    );
    expect(refused).toMatchObject({ responseStatusCode: 503, reason: "status_5xx" });
    expect(refused!.response).toStartWith("NACK");
    const found = await idsIn(queue);
    await until(
      async () => found.push(...(await idsIn(queue))),
      (count) => count === 2,
    );
    expect(found.toSorted()).toEqual(ids.toSorted());
  });

  test("an amqps URL verifies the certificate with the endpoint's authority", async () => {
    const queue = await newQueue();
    const secure = (host: string) => `amqps://${host}:${broker.tlsPort}?routingKey=${queue}`;
    const tls = { ca: certificate.cert };
    expect(await delivered(secure("127.0.0.1"), { tls })).toMatchObject({ responseStatusCode: 200 });
    expect(await delivered(secure("127.0.0.1"))).toMatchObject({ responseStatusCode: 0, reason: "tls" });
    expect(await delivered(secure("localhost"), { tls })).toMatchObject({ responseStatusCode: 0, reason: "tls" });
  });

  test("a RabbitMQ queue gets the messages of a fifo endpoint in their order", async () => {
    const queue = await newQueue();
    const app = await makeApplication(send);
    await makeEndpoint(send, app, url(`?routingKey=${queue}`), { ordering: "fifo" });
    const ids = await sendMessages(send, app, 100);
    await until(
      async () => (await channel.checkQueue(queue)).messageCount,
      (count) => count >= 100,
    );
    expect(await idsIn(queue)).toEqual(ids);
  });

  test(
    "no message is lost when RabbitMQ is killed and started again under load",
    async () => {
      const queue = "kept";
      const app = await makeApplication(send);
      const retries = Array.from({ length: 50 }, () => "1s");
      await makeEndpoint(send, app, url(`?routingKey=${queue}`), { retrySchedule: retries });
      const ids = await sendMessages(send, app, 1000);
      await until(
        async () => (await channel.checkQueue(queue)).messageCount,
        (count) => count >= 20,
      );
      await model.close();
      const sending = sendMessages(send, app, 1000);
      await broker.kill();
      ids.push(...(await sending));
      await broker.start();
      await open();
      const found: string[] = [];
      await until(
        async () => {
          found.push(...(await idsIn(queue)));
          return new Set(found).size;
        },
        (count) => count >= ids.length,
      );
      expect([...new Set(found)].toSorted()).toEqual(ids.toSorted());
      console.log(
        `RabbitMQ was killed: 0 of ${ids.length} messages lost, ${found.length - ids.length} delivered twice`,
      );
    },
    BROKER_MS,
  );
});

test("an attempt that does not reach its AMQP server says why, and has no status", async () => {
  const none = { responseStatusCode: 0 };
  expect(await delivered(`amqp://127.0.0.1:${freePort()}`)).toMatchObject({ ...none, reason: "connection" });
  expect(await delivered("amqp://10.0.0.1")).toMatchObject({ ...none, reason: "blocked" });
  expect(await delivered("amqp://0x7f.1:5671")).toMatchObject({ url: "amqp://127.0.0.1:5671", reason: "connection" });
  expect(await delivered("amqps://nowhere.invalid")).toMatchObject({ ...none, reason: "dns" });
});

test.each<[fields: object, loc: string]>([
  [{ batch: { maxMessages: 10, maxWaitMs: 100 } }, "batch"],
  [{ auth: { type: "bearer", token: "t" } }, "auth"],
  [{ tls: { ca: selfSigned("a.example").cert } }, "tls"],
  [{ url: "amqp://a.example/one/two" }, "url"],
  [{ url: "amqp://a.example?routing_key=a" }, "url"],
  [{ url: "amqp://a.example?exchange=a&exchange=b" }, "url"],
  [{ url: `amqp://a.example?exchange=${"e".repeat(256)}` }, "url"],
  [{ url: "amqp://a.example/%zz" }, "url"],
  [{ url: "amqp:///vhost" }, "url"],
])("the settings %j, which AMQP does not support, are refused", async (fields, loc) => {
  const app = await makeApplication(send);
  const answer = await send("POST", `/app/${app}/endpoint`, { url: "amqp://a.example", ...fields });
  expect(answer).toMatchObject({ status: 422, json: { detail: [{ loc: ["body", loc] }] } });
});
