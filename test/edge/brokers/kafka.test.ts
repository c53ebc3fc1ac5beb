import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientTls } from "../../../src/core/pem.ts";
import { KafkaClient } from "../../../src/edge/kafka/client.ts";
import type { FindAddresses, KafkaMessage, KafkaRequest } from "../../../src/ports.ts";
import { suspend } from "../../support/brokers/broker.ts";
import { FORBIDDEN_ADDRESS, hasKafka, startKafka, type TestKafka } from "../../support/brokers/kafka.ts";
import { selfSigned } from "../../support/certificate.ts";
import { freePort } from "../../support/free-port.ts";
import { startRawServer } from "../../support/raw-server.ts";
import { soon } from "../../support/soon.ts";
import { bodyText, sendTo, shown, statusOrReason } from "./send-to.ts";

const HOOK_MS = 120_000;
const certificate = selfSigned("127.0.0.1");
const blocked = { kind: "failure", reason: "blocked", detail: "Not allowed." } as const;
const findAddresses: FindAddresses = async (host) => (host === FORBIDDEN_ADDRESS ? blocked : [host]);

const MESSAGE: KafkaMessage = {
  ...{ topic: "orders", key: "key-1", body: Buffer.from('{"n": 1.0}') },
  headers: [
    ["event-type", "invoice.paid"],
    ["webhook-id", "msg_1"],
  ],
};

describe.skipIf(!hasKafka)("producing to Kafka", () => {
  let broker: TestKafka;
  const client = new KafkaClient();

  beforeAll(async () => {
    broker = await startKafka(certificate);
    await client.start();
  }, HOOK_MS);

  afterAll(async () => {
    await client.stop();
    await broker?.[Symbol.asyncDispose]();
  }, HOOK_MS);

  /** Sends to a topic, by default with the port that needs no user. */
  const send = (
    topic: string,
    message: Partial<KafkaMessage> = {},
    { port = broker.port, user = "", query = "", ...more }: Partial<KafkaRequest> & At = {},
  ) => {
    const url = `kafka://${user}127.0.0.1:${port}/${topic}${query}`;
    return toKafka(client, url, { ...MESSAGE, topic, ...message }, more);
  };

  test("a topic stores a message with the same bytes, its key and its headers", async () => {
    const topic = await broker.newTopic();
    const answer = await send(topic);
    expect(shown(answer)).toEqual([200, '{"partition":0,"offset":0}']);
    expect(await broker.contents(topic)).toEqual([
      {
        ...{ partition: 0, key: "key-1", text: '{"n": 1.0}' },
        headers: { "event-type": "invoice.paid", "webhook-id": "msg_1" },
      },
    ]);
  });

  test("messages with the same key are in one partition, and messages with other keys use all of them", async () => {
    const topic = await broker.newTopic({ partitions: 4 });
    const keys = Array.from({ length: 200 }, (_, i) => `key-${i % 20}`);
    await Promise.all(keys.map((key) => send(topic, { key })));
    const stored = await broker.contents(topic);
    const partitions = new Map(stored.map(({ key, partition }) => [key, partition]));
    expect(stored.every(({ key, partition }) => partitions.get(key) === partition)).toBe(true);
    expect(new Set(partitions.values()).size).toBe(4);
  });

  test("the partition of a key is that of Kafka's own client", async () => {
    const topic = await broker.newTopic({ partitions: 16 });
    // As `Utils.toPositive(Utils.murmur2(key)) % 16` of kafka-clients 4.3.
    const expected = { a: 12, b: 4, ep_2Kv: 15, "key-1": 8, Ä: 4 };
    for (const key of Object.keys(expected)) await send(topic, { key });
    const found = (await broker.contents(topic)).map(({ key, partition }) => [key, partition]);
    expect(Object.fromEntries(found)).toEqual(expected);
  });

  test("each of many messages at a time gets the offset at which it is stored", async () => {
    const topic = await broker.newTopic();
    const texts = Array.from({ length: 1200 }, (_, i) => String(i));
    const answers = await Promise.all(texts.map((text) => send(topic, { body: Buffer.from(text) })));
    const offsets = answers.map((answer) => JSON.parse(bodyText(answer)).offset as number);
    const stored = await broker.contents(topic);
    expect(offsets.map((offset) => stored[offset]!.text)).toEqual(texts);
  });

  test("a topic that does not exist is 404 and is not created", async () => {
    expect(shown(await send("missing"))).toEqual([
      404,
      "UNKNOWN_TOPIC_OR_PARTITION: This server does not host this topic-partition",
    ]);
    expect(await broker.admin.listTopics()).not.toContain("missing");
  });

  test("a message above the limit of its topic is 413, and those beside it are stored", async () => {
    const topic = await broker.newTopic({ config: { "max.message.bytes": "50000" } });
    expect(shown(await send(topic))[0]).toBe(200);
    const large = send(topic, { body: Buffer.alloc(100_000) });
    const answers = await Promise.all([send(topic), large, send(topic)]);
    expect(answers.map((answer) => shown(answer)[0])).toEqual([200, 413, 200]);
    expect(bodyText(answers[1]!)).toStartWith("MESSAGE_TOO_LARGE: ");
  });

  test("a message that fits is stored although it waits together with ones that make a batch too large", async () => {
    const topic = await broker.newTopic({ config: { "max.message.bytes": "30000" } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(topic, { body: Buffer.alloc(10_000) })));
    expect(answers.map((answer) => shown(answer)[0])).toEqual(Array(20).fill(200));
    expect(await broker.count(topic)).toBe(20);
  });

  test.each(["plain", "scram-sha-256", "scram-sha-512"])("a login with %s needs the right password", async (sasl) => {
    const topic = await broker.newTopic();
    const at = { port: broker.loginPort, query: `?sasl=${sasl}` };
    expect(shown(await send(topic, {}, { ...at, user: "ann:s%40cret@" }))[0]).toBe(200);
    const [status, text] = shown(await send(topic, {}, { ...at, user: "ann:wrong@" }));
    expect(status).toBe(401);
    expect(text).toStartWith("SASL_AUTHENTICATION_FAILED: ");
    expect(text).not.toContain("wrong");
  });

  test("a user that may not write to a topic is refused with 403", async () => {
    const answer = await send(await broker.newTopic(), {}, { port: broker.loginPort, user: "reader:secret@" });
    expect(shown(answer)[0]).toBe(403);
    expect(bodyText(answer)).toStartWith("TOPIC_AUTHORIZATION_FAILED: ");
  });

  test("a broker that needs a user closes connections without one", async () => {
    const answer = await send(await broker.newTopic(), {}, { port: broker.loginPort });
    expect(answer).toMatchObject({ kind: "failure", reason: "connection" });
  });

  test("a connection with TLS verifies the certificate, and one without TLS says that it is needed", async () => {
    const topic = await broker.newTopic();
    const at = { port: broker.tlsPort!, user: "ann:s%40cret@", query: "?tls=true" };
    expect(shown(await send(topic, {}, { ...at, tls: clientTls(certificate.cert, null) }))[0]).toBe(200);
    expect(await send(topic, {}, at)).toMatchObject({ kind: "failure", reason: "tls" });
    const other = clientTls(selfSigned("127.0.0.1").cert, null);
    expect(await send(topic, {}, { ...at, tls: other })).toMatchObject({ kind: "failure", reason: "tls" });
    const needsTls = [400, "The broker requires TLS. Add `tls=true` to the URL."];
    expect(shown(await send(topic, {}, { ...at, query: "" }))).toEqual(needsTls);
  });

  test("a broker that the cluster names is not used if the address policy forbids its address", async () => {
    expect(await send(await broker.newTopic(), {}, { port: broker.misleadingPort })).toEqual(blocked);
  });

  test("another broker of the URL is used if the first cannot be reached", async () => {
    const topic = await broker.newTopic();
    const query = `?brokers=127.0.0.1:${freePort()},127.0.0.1:${broker.port}`;
    expect(shown(await send(topic, {}, { port: freePort(), query }))[0]).toBe(200);
  });

  test("a broker that stops responding makes attempts time out, and is used again later", async () => {
    const topic = await broker.newTopic();
    expect(shown(await send(topic))[0]).toBe(200);
    await suspend(broker.pid);
    try {
      const url = `kafka://127.0.0.1:${broker.port}/${topic}`;
      const answer = await toKafka(client, url, { ...MESSAGE, topic }, {}, AbortSignal.timeout(300));
      expect(answer).toMatchObject({ reason: "timeout", detail: "The broker did not confirm the message in time." });
    } finally {
      process.kill(broker.pid, "SIGCONT");
    }
    await soon(
      () => send(topic),
      (answer) => statusOrReason(answer) === 200,
    );
  });

  test(
    "a killed broker fails attempts, and is used again after its start",
    async () => {
      const topic = await broker.newTopic();
      expect(shown(await send(topic))[0]).toBe(200);
      const sending = Array.from({ length: 20 }, () => send(topic));
      await broker.kill();
      for (const answer of await Promise.all(sending)) expect([200, "connection"]).toContain(statusOrReason(answer));
      expect(await send(topic)).toMatchObject({ kind: "failure", reason: "connection" });
      await broker.start();
      await soon(
        () => send(topic),
        (answer) => statusOrReason(answer) === 200,
      );
    },
    HOOK_MS,
  );
});

describe("producing to something that is not Kafka", () => {
  test("a refused connection to Kafka is a failure", async () => {
    const answer = await toPort(freePort());
    expect(answer).toEqual({ kind: "failure", reason: "connection", detail: "The connection was refused." });
  });

  test.each<[what: string, bytes: Uint8Array]>([
    ["text", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["a response of 2 GB", Buffer.from("7fffffff00000000", "hex")],
    ["a response without content", Buffer.from("00000000", "hex")],
    ["a response to no request", Buffer.from("0000000400000063", "hex")],
    ["a response that ends early", Buffer.from("000000060000000000", "hex")],
  ])("a server that sends %s instead of Kafka's protocol is a failure", async (_, bytes) => {
    await using server = await startRawServer((socket) => void socket.end(bytes));
    expect(await toPort(server.port)).toMatchObject({ kind: "failure", reason: "connection" });
  });

  test("a response of a Kafka broker that is too large is refused with its size", async () => {
    await using server = await startRawServer((socket) => void socket.end(Buffer.from("0200000000000001", "hex")));
    const detail = "The broker sends a response of 33554432 bytes. At most 2097152 bytes are read.";
    expect(await toPort(server.port)).toEqual({ kind: "failure", reason: "connection", detail });
  });

  test("a server that says nothing instead of Kafka's protocol makes the attempt time out", async () => {
    await using server = await startRawServer(() => {});
    expect(await toPort(server.port, AbortSignal.timeout(200))).toMatchObject({ reason: "timeout" });
  });

  test("a server that closes the connection instead of responding as Kafka is a failure", async () => {
    await using server = await startRawServer((socket) => void socket.end());
    expect(await toPort(server.port)).toMatchObject({ kind: "failure", reason: "connection" });
  });
});

interface At {
  readonly port?: number;
  readonly user?: string;
  readonly query?: string;
}

function toKafka(
  client: KafkaClient,
  url: string,
  message: KafkaMessage,
  more: Partial<KafkaRequest> = {},
  signal?: AbortSignal,
) {
  const withFinder = {
    send: (request: Omit<KafkaRequest, "findAddresses">, ended: AbortSignal) =>
      client.send({ findAddresses, ...request }, ended),
  };
  return sendTo(withFinder, url, message, more, signal);
}

async function toPort(port: number, signal?: AbortSignal) {
  const client = new KafkaClient();
  await client.start();
  const answer = await toKafka(client, `kafka://127.0.0.1:${port}/orders`, MESSAGE, {}, signal);
  await client.stop();
  return answer;
}
