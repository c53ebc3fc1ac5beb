import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNats } from "@nats-io/transport-node";
import { connect as connectAmqp } from "amqplib";
import { AmqpClient } from "../../../src/edge/amqp/client.ts";
import { openAmqpQueue } from "../../../src/edge/amqp/queue.ts";
import { NatsClient } from "../../../src/edge/nats/client.ts";
import { openNatsQueue } from "../../../src/edge/nats/queue.ts";
import type { BrokerMessage } from "../../../src/ports.ts";
import type { Broker } from "../../support/brokers/broker.ts";
import { natsServer, startNats } from "../../support/brokers/nats.ts";
import { hasRabbitMq, startRabbitMq } from "../../support/brokers/rabbitmq.ts";
import { bodyFrame, channelClose, confirm, delivery, scriptedAmqp } from "../../support/brokers/scripted-amqp.ts";
import { startRawServer } from "../../support/raw-server.ts";
import { soon } from "../../support/soon.ts";
import { sendTo } from "./send-to.ts";

const HOOK_MS = 120_000;
const never = new AbortController().signal;
const AMQP_MESSAGE = {
  ...{ exchange: "", routingKey: "kept", id: "m", eventType: "a", timestamp: 1, contentType: "a/b" },
  ...{ headers: {}, body: Buffer.from("x") },
};
const NATS_MESSAGE = { subject: "a", id: "m", headers: [], body: Buffer.from("x") };
const INFO = `INFO ${JSON.stringify({ server_id: "x", version: "2.10.0", proto: 1, headers: true, max_payload: 1024 })}\r\n`;

const requestFor = (url: string, prefetch = 10) => ({
  ...{ url: new URL(url), addresses: ["127.0.0.1"], findAddresses: async () => ["127.0.0.1"] },
  ...{ tls: null, prefetch, bodyBytesMax: 1024, consumer: "own" },
});

describe("an AMQP server that breaks the protocol", () => {
  test.each([
    [2, false],
    [300_000_000, false],
    [2, true],
    [0, true],
  ])(
    "a confirm of the message %p (up to it: %p), which was not published, ends the connection at once",
    async (deliveryTag, multiple) => {
      await using server = await scriptedAmqp({
        basicPublish: (channel, socket) =>
          socket.write(Buffer.concat([confirm(channel, deliveryTag, multiple), channelClose(channel, 406)])),
      });
      const client = new AmqpClient();
      await client.start();
      const answer = await sendTo(client, `amqp://127.0.0.1:${server.port}`, AMQP_MESSAGE);
      expect(answer).toMatchObject({
        kind: "failure",
        detail: "The connection failed: The server confirmed a message that it did not get.",
      });
      await client.stop();
    },
  );

  test("a message that is far too large is kept only up to the limit, and the message after it is complete", async () => {
    const part = Buffer.alloc(100_000, "a");
    const send = (channel: number, socket: Socket) => {
      socket.write(delivery(channel, 1, 50 * part.length, part));
      for (let i = 1; i < 50; i++) socket.write(bodyFrame(channel, part));
      socket.write(delivery(channel, 2, 2, Buffer.from("{}")));
    };
    await using server = await scriptedAmqp({ basicConsume: send });
    const queue = await openAmqpQueue(requestFor(`amqp://127.0.0.1:${server.port}?queue=q`), never);
    const received: BrokerMessage[] = [];
    while (received.length < 2) received.push(...(await queue.receive(10, never)));
    expect(received.map(({ body }) => body.length)).toEqual([1025, 2]);
    await queue.close();
  });

  test("an AMQP server that sends more than `prefetch` messages loses the connection", async () => {
    const closed = Promise.withResolvers<void>();
    const send = (channel: number, socket: Socket) => {
      socket.on("close", () => closed.resolve());
      for (let tag = 1; tag <= 11; tag++) socket.write(delivery(channel, tag, 2, Buffer.from("{}")));
    };
    await using server = await scriptedAmqp({ basicConsume: send });
    const queue = await openAmqpQueue(requestFor(`amqp://127.0.0.1:${server.port}?queue=q`), never);
    await closed.promise;
    await expect(queue.receive(10, never)).rejects.toThrow("The broker sends more messages than it may.");
    await queue.close();
  });

  test("a frame with an excessive size ends the connection before its content arrives", async () => {
    const begin = (channel: number, socket: Socket) => {
      const frame = bodyFrame(channel, Buffer.alloc(8));
      frame.writeUInt32BE(2 ** 21, 3);
      socket.write(frame);
    };
    await using server = await scriptedAmqp({ basicConsume: begin });
    const queue = await openAmqpQueue(requestFor(`amqp://127.0.0.1:${server.port}?queue=q`), never);
    await expect(queue.receive(10, never)).rejects.toThrow("Frame size 2097152 exceeds");
    await queue.close();
  });
});

describe("a NATS server that breaks the protocol", () => {
  /** A server that does `begun` after the login, and the number of its connections. */
  const natsLike = async (begun: (socket: Socket) => void, greeting = INFO) => {
    const open = new Set<Socket>();
    const server = await startRawServer((socket) => {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      socket.write(greeting);
      socket.on("data", (bytes: Buffer) => {
        if (!bytes.includes("PING")) return;
        socket.write("PONG\r\n");
        begun(socket);
      });
    });
    return { server, open, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  };
  const sendOne = async (port: number, signal = never) => {
    const client = new NatsClient();
    await client.start();
    const answer = await sendTo(client, `nats://127.0.0.1:${port}/a`, NATS_MESSAGE, { timeoutMs: 20_000 }, signal);
    return { answer, stop: () => client.stop() };
  };
  const TOO_MUCH = "The connection failed: The server sends more than the protocol allows.";

  test("a connection to a NATS server that does not respond is closed after the attempt", async () => {
    await using nats = await natsLike(() => {}, "");
    const { answer, stop } = await sendOne(nats.server.port, AbortSignal.timeout(300));
    expect(answer).toMatchObject({ kind: "failure", reason: "timeout" });
    await stop();
    await soon(
      async () => nats.open.size,
      (count) => count === 0,
      20_000,
    );
  });

  test("a greeting of a NATS server without an end ends the connection", async () => {
    await using nats = await natsLike(() => {}, `INFO ${"a".repeat(1_000_000)}`);
    const { answer, stop } = await sendOne(nats.server.port);
    expect(answer).toMatchObject({ kind: "failure", detail: TOO_MUCH });
    await stop();
  });

  test("a line of a NATS server without an end ends the connection", async () => {
    await using nats = await natsLike((socket) => socket.write(`MSG ${"a".repeat(1_000_000)}`));
    const { answer, stop } = await sendOne(nats.server.port);
    expect(answer).toMatchObject({ kind: "failure", detail: TOO_MUCH });
    await stop();
  });

  test("nothing more is read from a NATS server that does not read the responses to its pings", async () => {
    const sent = { bytes: 0 };
    const flood = (socket: Socket) => {
      socket.pause();
      const pings = Buffer.from("PING\r\n".repeat(10_000));
      const more = () => {
        while (sent.bytes < 200_000_000 && socket.write(pings)) sent.bytes += pings.length;
      };
      socket.on("drain", more);
      more();
    };
    await using nats = await natsLike(flood);
    const { answer, stop } = await sendOne(nats.server.port, AbortSignal.timeout(15_000));
    expect(answer).toMatchObject({ kind: "failure", reason: "timeout" });
    // The buffers of the system hold about 10 MB.
    expect(sent.bytes).toBeLessThan(20_000_000);
    await stop();
  });
});

describe.skipIf(!hasRabbitMq)("the limits of messages from RabbitMQ", () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startRabbitMq({ queues: ["kept"] });
  }, HOOK_MS);
  afterAll(() => broker?.[Symbol.asyncDispose](), HOOK_MS);

  test("a message that is too large arrives with one byte more than is allowed, and later ones complete", async () => {
    const url = `amqp://127.0.0.1:${broker.port}`;
    const model = await connectAmqp(url);
    const channel = await model.createConfirmChannel();
    const sizes = [1024, 1025, 700_000, 0, 3];
    for (const size of sizes) channel.sendToQueue("kept", Buffer.alloc(size, "a"));
    await channel.waitForConfirms();
    const queue = await openAmqpQueue(requestFor(`${url}?queue=kept`), never);
    const received: BrokerMessage[] = [];
    while (received.length < sizes.length) received.push(...(await queue.receive(10, never)));
    expect(received.map(({ body }) => body.length)).toEqual([1024, 1025, 1025, 0, 3]);
    await queue.close();
    await model.close();
  });
});

describe.skipIf(natsServer === null)("the limits of messages from NATS", () => {
  test("at most `prefetch` messages of a consumer that the URL names are unsettled", async () => {
    const broker = await startNats();
    const client = await connectNats({ servers: `127.0.0.1:${broker.port}`, reconnect: false });
    const manager = await jetstreamManager(client);
    await manager.streams.add({ name: "IN", subjects: ["in.>"] });
    await manager.consumers.add("IN", { durable_name: "shop", ack_policy: "explicit", max_ack_pending: 1000 });
    for (let n = 0; n < 100; n++) await jetstream(client).publish("in.a", `${n}`);
    const queue = await openNatsQueue(
      requestFor(`nats://127.0.0.1:${broker.port}/in.%3E?stream=IN&durable=shop`, 5),
      never,
    );
    const received: string[] = [];
    while (received.length < 50) {
      const messages = await queue.receive(5, never);
      received.push(...messages.map(({ body }) => Buffer.from(body).toString()));
      // The server may still count messages whose settlement it is processing.
      await soon(
        () => manager.consumers.info("IN", "shop"),
        ({ num_ack_pending: unsettled }) => unsettled <= 5,
        5000,
      );
      for (const message of messages) await queue.settle(message, "stored");
    }
    expect(received).toEqual(Array.from({ length: received.length }, (_, n) => `${n}`));
    await queue.close();
    await client.close();
    await broker[Symbol.asyncDispose]();
  });
});
