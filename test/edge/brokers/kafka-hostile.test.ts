import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { KafkaClient } from "../../../src/edge/kafka/client.ts";
import { openKafkaQueue } from "../../../src/edge/kafka/queue.ts";
import { hasKafka, startKafka, type TestKafka } from "../../support/brokers/kafka.ts";
import { type RawServer, startRawServer } from "../../support/raw-server.ts";

/** These tests also find crashes, because an unhandled error fails the test in which it happens. */

const HOOK_MS = 120_000;
/** Numbers of bytes of the broker after which its stream is spoiled. The first response has about 500 bytes. */
const CUTS = [0, 1, 4, 7, 8, 60, 300, 480, 520, 560, 600, 640, 680, 700, 720, 800, 900, 1000, 1200, 1500];
const GARBAGE: Readonly<Record<string, Uint8Array>> = {
  zeros: new Uint8Array(5000),
  ones: new Uint8Array(5000).fill(255),
  "empty responses": Buffer.from("0000000400000001".repeat(20), "hex"),
  "responses with lists of 2 billion": Buffer.from("00000010000000017fffffff7fffffff7fffffff".repeat(20), "hex"),
  text: Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"),
  nothing: new Uint8Array(),
};

/**
 * A server between client and broker that spoils what the broker sends after some bytes, and ends the
 * connection. The broker names its own port, which is replaced by that of the server.
 */
function spoiler(broker: TestKafka, cut: number, garbage: Uint8Array): Promise<RawServer> {
  const server = startRawServer((client) => {
    const upstream = connect(broker.port, "127.0.0.1");
    let left = cut;
    upstream.on("data", async (bytes: Buffer) => {
      const sent = withPort(bytes, broker.port, (await server).port);
      client.write(sent.subarray(0, Math.max(0, left)));
      left -= bytes.length;
      if (left > 0) return;
      upstream.destroy();
      client.end(garbage);
    });
    upstream.on("error", () => client.destroy());
    client.on("data", (bytes: Buffer) => upstream.write(bytes));
    client.on("close", () => upstream.destroy());
  });
  return server;
}

function withPort(bytes: Buffer, before: number, after: number): Buffer {
  const changed = Buffer.from(bytes);
  const named = Buffer.alloc(4);
  named.writeUInt32BE(before);
  for (let at = changed.indexOf(named); at >= 0; at = changed.indexOf(named, at + 1)) changed.writeUInt32BE(after, at);
  return changed;
}

const cases = CUTS.flatMap((cut) => Object.keys(GARBAGE).map((name) => [name, cut] as const));

describe.skipIf(!hasKafka)("a spoiled connection to Kafka", () => {
  let broker: TestKafka;
  let topic = "";
  beforeAll(async () => {
    broker = await startKafka();
    topic = await broker.newTopic();
    await broker.producer.send({ topic, messages: [{ value: "kept" }] });
  }, HOOK_MS);
  afterAll(() => broker?.[Symbol.asyncDispose](), HOOK_MS);

  test.each(cases)("a Kafka connection with %s after %p bytes fails only its attempt", async (name, cut) => {
    await using server = await spoiler(broker, cut, GARBAGE[name]!);
    const client = new KafkaClient();
    await client.start();
    const at = { url: new URL(`kafka://127.0.0.1:${server.port}/${topic}`), addresses: ["127.0.0.1"], findAddresses };
    const limits = { tls: null, timeoutMs: 1000, responseBytesMax: 100 };
    const message = { topic, key: "k", headers: [], body: Buffer.from("x") };
    const answer = await client.send({ ...at, ...limits, message }, AbortSignal.timeout(300));
    expect(["failure", "response"]).toContain(answer.kind);
    await client.stop();
  });

  test.each(cases)("a Kafka connection with %s after %p bytes fails only its source", async (name, cut) => {
    await using server = await spoiler(broker, cut, GARBAGE[name]!);
    const at = { url: new URL(`kafka://127.0.0.1:${server.port}/${topic}`), addresses: ["127.0.0.1"], findAddresses };
    const own = { tls: null, prefetch: 10, bodyBytesMax: 1024, consumer: `own-${cut}-${name.length}` };
    const signal = AbortSignal.timeout(300);
    const queue = await openKafkaQueue({ ...at, ...own }, signal).catch((error: unknown) => {
      expect(error).toBeInstanceOf(Error);
    });
    await queue?.receive(1, signal).catch((error: unknown) => expect(error).toBeDefined());
    await queue?.close();
  });
});

const int16 = (value: number) => Buffer.from([(value >> 8) & 255, value & 255]);
const int32 = (value: number) => Buffer.concat([int16(value >> 16), int16(value & 0xffff)]);
const text = (value: string) => Buffer.concat([int16(value.length), Buffer.from(value)]);
const repeated = (count: number, item: (index: number) => readonly Buffer[]) =>
  Buffer.concat([int32(count), ...Array.from({ length: count }, (_, index) => item(index)).flat()]);

const API_VERSIONS = 18;

/** Starts a server that names this many brokers, and as many partitions of the topic `a`. */
function crowdedBroker(brokers: number, partitions: number): Promise<RawServer> {
  const versions = repeated(40, (api) => [int16(api), int16(0), int16(api === API_VERSIONS ? 0 : 1)]);
  const metadata = Buffer.concat([
    repeated(brokers, (node) => [int32(node), text("127.0.0.1"), int32(1), int16(-1)]),
    ...[int32(0), int32(1), int16(0), text("a"), Buffer.from([0])],
    repeated(partitions, (index) => [int16(0), int32(index), int32(0), int32(0), int32(0)]),
  ]);
  return startRawServer((client) => {
    client.on("data", (request: Buffer) => {
      const isVersions = request.readInt16BE(4) === API_VERSIONS;
      const body = isVersions ? Buffer.concat([int16(0), versions]) : metadata;
      client.write(Buffer.concat([int32(4 + body.length), request.subarray(8, 12), body]));
    });
  });
}

test.each([
  ["brokers", 2001, 1],
  ["partitions", 1, 10_001],
])("a Kafka cluster with too many %s fails the attempt", async (_, brokers, partitions) => {
  await using server = await crowdedBroker(brokers, partitions);
  const client = new KafkaClient();
  await client.start();
  const at = { url: new URL(`kafka://127.0.0.1:${server.port}/a`), addresses: ["127.0.0.1"], findAddresses };
  const limits = { tls: null, timeoutMs: 30_000, responseBytesMax: 100 };
  const message = { topic: "a", key: "k", headers: [], body: Buffer.from("x") };
  const answer = await client.send({ ...at, ...limits, message }, AbortSignal.timeout(30_000));
  await client.stop();
  expect(answer).toMatchObject({ kind: "failure", reason: "connection" });
  expect("detail" in answer && answer.detail).toContain("Cluster has too many brokers or partitions");
});

async function findAddresses(): Promise<readonly string[]> {
  return ["127.0.0.1"];
}
