import { afterAll, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { connect } from "node:net";
import { AmqpClient } from "../../../src/edge/amqp/client.ts";
import { openAmqpQueue } from "../../../src/edge/amqp/queue.ts";
import { NatsClient } from "../../../src/edge/nats/client.ts";
import { openNatsQueue } from "../../../src/edge/nats/queue.ts";
import type { Broker } from "../../support/brokers/broker.ts";
import { natsServer, startNats } from "../../support/brokers/nats.ts";
import { hasRabbitMq, startRabbitMq } from "../../support/brokers/rabbitmq.ts";
import { type RawServer, startRawServer } from "../../support/raw-server.ts";
import { sendTo } from "./send-to.ts";

/** These tests also find crashes, because an unhandled error fails the test in which it happens. */

const HOOK_MS = 120_000;
/** Numbers of bytes of the broker after which its stream is spoiled: in and after the handshake. */
const CUTS = [0, 1, 7, 8, 60, 300, 420, 480, 500, 520, 540, 560, 600, 700];
const GARBAGE: Readonly<Record<string, Uint8Array>> = {
  zeros: new Uint8Array(5000),
  ones: new Uint8Array(5000).fill(255),
  "frames of an unknown channel": Buffer.from("0100630000000a003c00500000000000000001ce".repeat(50), "hex"),
  "a confirm of an unknown message": Buffer.from(
    "01000100000 00d003c0050000000000000270f00ce".replaceAll(" ", ""),
    "hex",
  ),
  text: Buffer.from("-ERR 'spoiled'\r\nINFO {\r\nMSG a 9 999999999999\r\n+OK\r\nMSG\r\nHMSG a 1 9 3\r\n".repeat(20)),
  nothing: new Uint8Array(),
};

/** A server between client and broker that spoils what the broker sends after some bytes, and ends the connection. */
function spoiler(broker: Broker, cut: number, garbage: Uint8Array): Promise<RawServer> {
  return startRawServer((client) => {
    const upstream = connect(broker.port, "127.0.0.1");
    let left = cut;
    upstream.on("data", (bytes: Buffer) => {
      client.write(bytes.subarray(0, left));
      left -= bytes.length;
      if (left > 0) return;
      upstream.destroy();
      client.end(garbage);
    });
    upstream.on("error", () => client.destroy());
    client.on("data", (bytes: Buffer) => upstream.write(bytes));
    client.on("close", () => upstream.destroy());
  });
}

const cases = CUTS.flatMap((cut) => Object.keys(GARBAGE).map((name) => [name, cut] as const));

describe.skipIf(!hasRabbitMq)("a spoiled connection to RabbitMQ", () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startRabbitMq({ queues: ["kept"] });
  }, HOOK_MS);
  afterAll(() => broker?.[Symbol.asyncDispose](), HOOK_MS);

  test.each(cases)(
    "a RabbitMQ connection with %s after %p bytes fails only its attempt or source",
    async (name, cut) => {
      await using server = await spoiler(broker, cut, GARBAGE[name]!);
      const client = new AmqpClient();
      await client.start();
      const message = { exchange: "", routingKey: "kept", id: "m", eventType: "a", timestamp: 1, contentType: "a/b" };
      const url = `amqp://127.0.0.1:${server.port}?queue=kept`;
      const answer = await sendTo(client, url, { ...message, headers: {}, body: Buffer.from("x") }, {}, soonAborted());
      expect(["failure", "response"]).toContain(answer.kind);
      await client.stop();
      await takes(openAmqpQueue, url);
    },
  );
});

describe.skipIf(natsServer === null)("a spoiled connection to NATS", () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startNats();
  });
  afterAll(() => broker?.[Symbol.asyncDispose]());

  test.each(cases)("a NATS connection with %s after %p bytes fails only its attempt or source", async (name, cut) => {
    // Standard output is the log of the server, so no broker may write to it.
    using printed = spyOn(console, "log");
    await using server = await spoiler(broker, cut, GARBAGE[name]!);
    const client = new NatsClient();
    await client.start();
    const url = `nats://127.0.0.1:${server.port}/a`;
    const message = { subject: "a", id: "m", headers: [], body: Buffer.from("x") };
    const answer = await sendTo(client, url, message, {}, soonAborted());
    expect(["failure", "response"]).toContain(answer.kind);
    await client.stop();
    await takes(openNatsQueue, url);
    expect(printed).not.toHaveBeenCalled();
  });
});

/** Connects to a queue and waits for messages until that fails or takes long. */
async function takes(open: typeof openAmqpQueue, url: string): Promise<void> {
  const signal = soonAborted();
  const own = { tls: null, prefetch: 10, bodyBytesMax: 1024, consumer: "own" };
  const request = { url: new URL(url), addresses: ["127.0.0.1"], findAddresses: async () => ["127.0.0.1"], ...own };
  const queue = await open(request, signal).catch((error: unknown) => expect(error).toBeInstanceOf(Error));
  if (queue === undefined || !("receive" in queue)) return;
  await queue.receive(1, signal).catch((error: unknown) => expect(error).toBeDefined());
  await queue.close();
}

function soonAborted(): AbortSignal {
  return AbortSignal.timeout(300);
}
