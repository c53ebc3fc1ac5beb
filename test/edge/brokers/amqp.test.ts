import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Channel, type ChannelModel, connect } from "amqplib";
import { clientTls } from "../../../src/core/pem.ts";
import { AmqpClient } from "../../../src/edge/amqp/client.ts";
import type { AmqpMessage, AmqpRequest } from "../../../src/ports.ts";
import { type Broker, suspend } from "../../support/brokers/broker.ts";
import { hasRabbitMq, RABBITMQ_VHOST, startRabbitMq } from "../../support/brokers/rabbitmq.ts";
import { selfSigned } from "../../support/certificate.ts";
import { freePort } from "../../support/free-port.ts";
import { startRawServer } from "../../support/raw-server.ts";
import { soon } from "../../support/soon.ts";
import { bodyText, sendTo, shown, statusOrReason } from "./send-to.ts";

const HOOK_MS = 120_000;
const certificate = selfSigned("broker.example");

if (!hasRabbitMq) console.log("RabbitMQ is missing: the tests of amqp: with it are skipped");

describe.skipIf(!hasRabbitMq)("publishing to RabbitMQ", () => {
  let broker: Broker;
  let model: ChannelModel;
  let channel: Channel;
  const client = new AmqpClient();

  beforeAll(async () => {
    broker = await startRabbitMq({ tls: certificate, queues: ["kept"] });
    model = await connect(`amqp://127.0.0.1:${broker.port}`);
    channel = await model.createChannel();
    await client.start();
  }, HOOK_MS);

  afterAll(async () => {
    await client.stop();
    await model?.close();
    await broker?.[Symbol.asyncDispose]();
  }, HOOK_MS);

  const url = (rest = "", user = "") => `amqp://${user}127.0.0.1:${broker.port}${rest}`;
  const send = (to: string, message: Partial<AmqpMessage> = {}, more: Partial<AmqpRequest> = {}) =>
    sendTo(client, to, { ...MESSAGE, ...message }, more);

  test("a message that RabbitMQ confirmed is in its queue with the same bytes and its properties", async () => {
    const queue = await newQueue(channel);
    const answer = await send(url(), { routingKey: queue });
    expect(shown(answer)).toEqual([200, ""]);
    const found = await channel.get(queue, { noAck: true });
    if (found === false) throw new Error("The queue is empty.");
    expect(found.content.toString()).toBe('{"n": 1.0}');
    const { messageId, type, contentType, timestamp, appId, deliveryMode, headers } = found.properties;
    expect({ messageId, type, contentType, timestamp, appId, deliveryMode, headers }).toEqual({
      ...{ messageId: "msg_1", type: "invoice.paid", contentType: "application/json", timestamp: 1_700_000_000 },
      ...{ appId: "boathook", deliveryMode: 2, headers: { "webhook-id": "msg_1", "x-own": "é" } },
    });
  });

  test("an exchange of RabbitMQ routes messages by the routing key", async () => {
    const queue = await newQueue(channel);
    await channel.bindQueue(queue, "amq.topic", "invoice.*");
    expect(shown(await send(url(), { exchange: "amq.topic", routingKey: "invoice.paid" }))).toEqual([200, ""]);
    expect(shown(await send(url(), { exchange: "amq.topic", routingKey: "order.paid" }))[0]).toBe(404);
    expect((await channel.checkQueue(queue)).messageCount).toBe(1);
  });

  test("a message that no RabbitMQ queue gets is refused with 404, and those beside it are not", async () => {
    const queue = await newQueue(channel);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        send(url(), { id: `msg_${i}`, routingKey: i % 2 === 0 ? queue : "nowhere" }),
      ),
    );
    expect(answers.map((answer) => shown(answer)[0])).toEqual(answers.map((_, i) => (i % 2 === 0 ? 200 : 404)));
    expect(bodyText(answers[1]!)).toBe("NO_ROUTE: No queue gets messages with this exchange and routing key.");
  });

  test("of two RabbitMQ messages with one id and one route, each gets its own answer", async () => {
    const queue = await newQueue(channel);
    const same = { id: "msg_same", routingKey: queue };
    const answers = await Promise.all([
      send(url(), same),
      send(url(), same),
      send(url(), { ...same, routingKey: "no" }),
    ]);
    expect(answers.map((answer) => shown(answer)[0])).toEqual([200, 200, 404]);
  });

  test("a message that RabbitMQ does not take is refused with 503", async () => {
    const queue = await newQueue(channel, { maxLength: 1, overflow: "reject-publish" });
    expect(shown(await send(url(), { routingKey: queue }))).toEqual([200, ""]);
    const answer = await send(url(), { routingKey: queue });
    expect(shown(answer)).toEqual([503, "NACK: The server did not take responsibility for the message."]);
  });

  test("an exchange that does not exist is refused with 404, and other messages are delivered", async () => {
    const queue = await newQueue(channel);
    const [wrong, right] = await Promise.all([send(url(), { exchange: "none" }), send(url(), { routingKey: queue })]);
    expect(shown(wrong)).toEqual([404, "NOT_FOUND - no exchange 'none' in vhost '/'"]);
    expect(shown(right)).toEqual([200, ""]);
    expect(shown(await send(url(), { exchange: "none" }))[0]).toBe(404);
  });

  test("a user that may not publish to RabbitMQ is refused with 403", async () => {
    const answer = await send(url("", "reader:reader@"), { exchange: "amq.direct" });
    expect(shown(answer)[0]).toBe(403);
    expect(bodyText(answer)).toStartWith("ACCESS_REFUSED - access to exchange 'amq.direct'");
  });

  test("a wrong password for RabbitMQ is refused with 403 and the server's reason", async () => {
    const answer = await send(url("", "guest:wrong@"));
    expect(shown(answer)[0]).toBe(403);
    expect(bodyText(answer)).toStartWith("ACCESS_REFUSED - Login was refused");
  });

  test("the path of an AMQP URL is the virtual host", async () => {
    const other = await connect(`amqp://127.0.0.1:${broker.port}/${encodeURIComponent(RABBITMQ_VHOST)}`);
    const queue = await newQueue(await other.createChannel());
    expect(shown(await send(url(`/${encodeURIComponent(RABBITMQ_VHOST)}`), { routingKey: queue }))[0]).toBe(200);
    expect(shown(await send(url("/"), { routingKey: queue }))[0]).toBe(404);
    const unknown = await send(url("/unknown"));
    expect(shown(unknown)[0]).toBe(530);
    expect(bodyText(unknown)).toBe("NOT_ALLOWED: The server refused access to the virtual host.");
    await other.close();
  });

  test("a large payload arrives at RabbitMQ unchanged", async () => {
    const queue = await newQueue(channel);
    const body = Buffer.alloc(3_000_000, "0123456789");
    expect(shown(await send(url(), { routingKey: queue, body }))[0]).toBe(200);
    const found = await channel.get(queue, { noAck: true });
    expect(found !== false && found.content.equals(body)).toBe(true);
  });

  test("a message that AMQP cannot express is refused with 400, and the connection stays", async () => {
    const queue = await newQueue(channel);
    const answer = await send(url(), { routingKey: queue, headers: { "x-long": "x".repeat(70_000) } });
    expect(shown(answer)[0]).toBe(400);
    expect(shown(await send(url(), { routingKey: queue, eventType: "e".repeat(256) }))[0]).toBe(400);
    expect(shown(await send(url(), { routingKey: queue }))[0]).toBe(200);
  });

  test("the certificate of RabbitMQ is verified, and must have the host name of the URL", async () => {
    const queue = await newQueue(channel);
    const at = (host: string, tls: AmqpRequest["tls"]) =>
      send(`amqps://${host}:${broker.tlsPort}`, { routingKey: queue }, { addresses: ["127.0.0.1"], tls });
    const trusting = clientTls(certificate.cert, null);
    expect(shown(await at("broker.example", trusting))).toEqual([200, ""]);
    const detail = "The TLS connection failed (ERR_TLS_CERT_ALTNAME_INVALID).";
    expect(await at("other.example", trusting)).toEqual({ kind: "failure", reason: "tls", detail });
    expect(await at("broker.example", null)).toMatchObject({ kind: "failure", reason: "tls" });
  });

  test("the next address of RabbitMQ is used if one cannot be reached", async () => {
    const queue = await newQueue(channel);
    const answer = await send(url(), { routingKey: queue }, { addresses: ["127.0.0.2", "127.0.0.1"] });
    expect(shown(answer)).toEqual([200, ""]);
  });

  test("a RabbitMQ that stops responding makes attempts time out, and is used again later", async () => {
    const queue = await newQueue(channel);
    expect(shown(await send(url(), { routingKey: queue }))[0]).toBe(200);
    await suspend(broker.pid);
    try {
      const answer = await sendTo(client, url(), { ...MESSAGE, routingKey: queue }, {}, AbortSignal.timeout(300));
      expect(answer).toMatchObject({ reason: "timeout", detail: "The broker did not confirm the message in time." });
    } finally {
      process.kill(broker.pid, "SIGCONT");
    }
    expect(shown(await send(url(), { routingKey: queue }))[0]).toBe(200);
  });

  test(
    "a killed RabbitMQ fails attempts, and is used again after its start",
    async () => {
      const queue = "kept";
      await model.close();
      const sending = Array.from({ length: 20 }, (_, i) => send(url(), { id: `msg_k${i}`, routingKey: queue }));
      await broker.kill();
      for (const answer of await Promise.all(sending)) expect([200, "connection"]).toContain(statusOrReason(answer));
      expect(await send(url(), { routingKey: queue })).toMatchObject({ kind: "failure", reason: "connection" });
      await broker.start();
      // Attempts fail without connecting for a while after a failure.
      const answer = await soon(
        () => send(url(), { routingKey: queue }),
        ({ kind }) => kind === "response",
      );
      expect(shown(answer)).toEqual([200, ""]);
      model = await connect(`amqp://127.0.0.1:${broker.port}`);
      channel = await model.createChannel();
      expect((await channel.checkQueue(queue)).messageCount).toBeGreaterThan(0);
    },
    HOOK_MS,
  );
});

describe("publishing to something that is not RabbitMQ", () => {
  test("a refused connection to an AMQP server is a failure", async () => {
    await using client = disposable();
    const answer = await sendTo(client.client, `amqp://127.0.0.1:${freePort()}`, MESSAGE);
    expect(answer).toEqual({ kind: "failure", reason: "connection", detail: "The connection was refused." });
  });

  test("a server of another protocol than AMQP is a failure", async () => {
    await using client = disposable();
    await using server = await startRawServer((socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const answer = await sendTo(client.client, `amqp://127.0.0.1:${server.port}`, MESSAGE);
    expect(answer).toMatchObject({ kind: "failure", reason: "connection" });
  });

  test("an AMQP server that says nothing makes the attempt time out", async () => {
    await using client = disposable();
    await using server = await startRawServer(() => {});
    const url = `amqp://127.0.0.1:${server.port}`;
    expect(await sendTo(client.client, url, MESSAGE, {}, AbortSignal.timeout(200))).toMatchObject({
      reason: "timeout",
    });
  });

  test("an AMQP server that closes the connection is a failure", async () => {
    await using client = disposable();
    await using server = await startRawServer((socket) => void socket.end());
    const answer = await sendTo(client.client, `amqp://127.0.0.1:${server.port}`, MESSAGE);
    expect(answer).toMatchObject({ kind: "failure", reason: "connection" });
  });
});

test.skipIf(!hasRabbitMq)(
  "a RabbitMQ without space refuses messages with 503",
  async () => {
    await using broker = await startRabbitMq({ isFull: true });
    await using client = disposable();
    const url = `amqp://127.0.0.1:${broker.port}`;
    // The server says that it has no space when it gets the first message.
    const first = await sendTo(client.client, url, MESSAGE);
    const second = await sendTo(client.client, url, MESSAGE);
    expect([first, second].map(shown)).toEqual([
      [503, "BLOCKED: low on disk"],
      [503, "BLOCKED: low on disk"],
    ]);
  },
  HOOK_MS,
);

const MESSAGE: AmqpMessage = {
  ...{ exchange: "", routingKey: "nowhere", id: "msg_1", eventType: "invoice.paid", timestamp: 1_700_000_000 },
  ...{ contentType: "application/json", headers: { "webhook-id": "msg_1", "x-own": "é" } },
  body: Buffer.from('{"n": 1.0}'),
};

function disposable() {
  const client = new AmqpClient();
  void client.start();
  return { client, [Symbol.asyncDispose]: () => client.stop() };
}

let queues = 0;
/** Makes a queue and returns its name. */
async function newQueue(channel: Channel, options: object = {}): Promise<string> {
  const name = `queue-${++queues}`;
  await channel.assertQueue(name, { durable: true, ...options });
  return name;
}
