import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { FORBIDDEN_ADDRESS, hasKafka, startKafka, type TestKafka } from "../support/brokers/kafka.ts";
import { selfSigned } from "../support/certificate.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, firstAttempt, makeEndpoint, sendMessage, sendMessages, until } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { startServer, type TestServer } from "../support/server.ts";

const HOOK_MS = 120_000;
const certificate = selfSigned("127.0.0.1");

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

/** Sends a message to a new endpoint and returns its first attempt. */
const delivered = (url: string, endpoint: object = {}) => firstAttempt(send, url, endpoint);

describe.skipIf(!hasKafka)("an endpoint with a Kafka URL", () => {
  let broker: TestKafka;
  beforeAll(async () => {
    broker = await startKafka(certificate);
  }, HOOK_MS);
  afterAll(() => broker?.[Symbol.asyncDispose](), HOOK_MS);

  const url = (topic: string, query = "") => `kafka://127.0.0.1:${broker.port}/${topic}${query}`;
  const untilCount = (topic: string, wanted: number) =>
    until(
      () => broker.count(topic),
      (count) => count >= wanted,
    );
  const idsIn = async (topic: string) => (await broker.contents(topic)).map(({ headers }) => headers["webhook-id"]!);
  /** Sends payloads to a new endpoint with a key, and returns the keys in the topic. */
  const keysOf = async (key: string, payloads: readonly object[], endpoint: object = {}) => {
    const topic = await broker.newTopic();
    const app = await makeApplication(send);
    const id = await makeEndpoint(send, app, url(topic, key), endpoint);
    const ids: string[] = [];
    for (const payload of payloads) ids.push(await sendMessage(send, app, { payload }));
    await untilCount(topic, payloads.length);
    const byId = new Map(
      (await broker.contents(topic)).map(({ key: found, headers }) => [headers["webhook-id"], found]),
    );
    return { id, ids, keys: ids.map((message) => byId.get(message)!) };
  };

  test("a Kafka topic gets the message with a valid signature and the endpoint's headers", async () => {
    const topic = await broker.newTopic();
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, url(topic), { headers: { "X-Tenant": "t1" } });
    const payload = { amount: 1.5, name: "Ä" };
    const id = await sendMessage(send, app, { eventType: "invoice.paid", payload });
    const [attempt] = await attemptsOf(send, app, id);
    expect(attempt).toMatchObject({ url: url(topic), responseStatusCode: 200, reason: null });
    expect(JSON.parse(attempt!.response)).toEqual({ partition: 0, offset: 0 });
    const [stored] = await broker.contents(topic);
    expect(stored!.key).toBe(id);
    expect(stored!.headers).toMatchObject({ "webhook-id": id, "event-type": "invoice.paid", "x-tenant": "t1" });
    expect(stored!.headers["content-type"]).toBe("application/json");
    const { key } = (await send("GET", `/app/${app}/endpoint/${endpoint}/secret`)).json;
    expect(new Webhook(key).verify(stored!.text, stored!.headers)).toEqual(payload);
  });

  test("a key in a Kafka URL is the key of all messages", async () => {
    expect((await keysOf("?key=tenant%201", [{ n: 1 }, { n: 2 }])).keys).toEqual(["tenant 1", "tenant 1"]);
  });

  test("a key with a path is the value in the payload, and the message id where there is none", async () => {
    const payloads = [
      { customer: { id: "c-1" } },
      { customer: { id: 12 } },
      { customer: { id: false } },
      { customer: { id: null } },
      { customer: { id: {} } },
      { customer: [] },
      {},
    ];
    const { ids, keys } = await keysOf("?key=$.customer.id", payloads);
    expect(keys).toEqual(["c-1", "12", "false", ...ids.slice(3)]);
  });

  test("the key of a fifo endpoint is its id unless the payload has one", async () => {
    const { id, keys } = await keysOf("?key=$.k", [{}, { k: "own" }], { ordering: "fifo" });
    expect(keys).toEqual([id, "own"]);
    const plain = await keysOf("", [{}], { ordering: "fifo" });
    expect(plain.keys).toEqual([plain.id]);
  });

  test("a Kafka topic gets the messages of a fifo endpoint in their order, in one partition", async () => {
    const topic = await broker.newTopic({ partitions: 4 });
    const app = await makeApplication(send);
    await makeEndpoint(send, app, url(topic), { ordering: "fifo" });
    const ids = await sendMessages(send, app, 100);
    await untilCount(topic, 100);
    expect(await idsIn(topic)).toEqual(ids);
  });

  test("attempts show the refusals of Kafka with their status and the broker's error", async () => {
    expect(await delivered(url("nobody"))).toMatchObject({
      ...{ responseStatusCode: 404, reason: "status_4xx" },
      response: "UNKNOWN_TOPIC_OR_PARTITION: This server does not host this topic-partition",
    });
    const small = await broker.newTopic({ config: { "max.message.bytes": "50" } });
    const tooLarge = await delivered(url(small));
    expect(tooLarge).toMatchObject({ responseStatusCode: 413, reason: "status_4xx" });
    expect(tooLarge.response).toStartWith("MESSAGE_TOO_LARGE: ");
  });

  test("a Kafka cluster that names a forbidden address gets nothing there", async () => {
    const at = `kafka://127.0.0.1:${broker.misleadingPort}/${await broker.newTopic()}`;
    const attempt = await delivered(at);
    expect(attempt).toMatchObject({ responseStatusCode: 0, reason: "blocked" });
    expect(JSON.stringify(attempt)).toContain(FORBIDDEN_ADDRESS);
  });

  test("the login at Kafka is that of the URL, is never shown, and a wrong one is refused with 401", async () => {
    const topic = await broker.newTopic();
    const at = (login: string, rest = "&tls=true") =>
      `kafka://${login}@127.0.0.1:${broker.tlsPort}/${topic}?sasl=scram-sha-512${rest}`;
    const tls = { ca: certificate.cert };
    const attempt = await delivered(at("ann:s%40cret"), { tls });
    expect(attempt).toMatchObject({ responseStatusCode: 200, url: at("ann:***") });
    expect(await delivered(at("ann:wrong"), { tls })).toMatchObject({ responseStatusCode: 401, reason: "status_4xx" });
    expect(await delivered(at("ann:s%40cret"))).toMatchObject({ responseStatusCode: 0, reason: "tls" });
    expect(await delivered(at("ann:s%40cret", ""))).toMatchObject({ responseStatusCode: 400 });
  });

  test("a Kafka URL with *** keeps the password for the same brokers, and only for these", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, "kafka://ann:s3cret@a.example/orders");
    const path = `/app/${app}/endpoint/${endpoint}`;
    expect((await send("GET", path)).json.url).toBe("kafka://ann:***@a.example/orders");
    expect((await send("PATCH", path, { url: "kafka://ann:***@a.example/invoices?key=a" })).status).toBe(200);
    for (const query of ["?brokers=b.example", "?tls=false", "?sasl=plain"]) {
      const url = `kafka://ann:***@a.example/orders${query}`;
      expect((await send("PATCH", path, { url })).status).toBe(422);
    }
  });

  test(
    "no message is lost when Kafka is killed and started again under load",
    async () => {
      const topic = await broker.newTopic({ partitions: 3 });
      const app = await makeApplication(send);
      await makeEndpoint(send, app, url(topic), { retrySchedule: Array.from({ length: 50 }, () => "1s") });
      const ids = await sendMessages(send, app, 1000);
      await untilCount(topic, 20);
      const sending = sendMessages(send, app, 1000);
      await broker.kill();
      ids.push(...(await sending));
      await broker.start();
      await untilCount(topic, ids.length);
      const found = await until(
        () => idsIn(topic),
        (all) => new Set(all).size >= ids.length,
      );
      expect([...new Set(found)].toSorted()).toEqual(ids.toSorted());
      console.log(`Kafka was killed: 0 of ${ids.length} messages lost, ${found.length - ids.length} delivered twice`);
    },
    HOOK_MS,
  );
});

test("an attempt that does not reach its Kafka cluster says why, and has no status", async () => {
  const none = { responseStatusCode: 0 };
  expect(await delivered(`kafka://127.0.0.1:${freePort()}/a`)).toMatchObject({ ...none, reason: "connection" });
  expect(await delivered("kafka://10.0.0.1/a")).toMatchObject({ ...none, reason: "blocked" });
  expect(await delivered("kafka://nowhere.invalid/a")).toMatchObject({ ...none, reason: "dns" });
  const brokers = `127.0.0.1:${freePort()}/a?brokers=10.0.0.1:9092`;
  expect(await delivered(`kafka://${brokers}`)).toMatchObject({ ...none, reason: "blocked" });
});

test.each<[fields: object, loc: string]>([
  [{ batch: { maxMessages: 10, maxWaitMs: 100 } }, "batch"],
  [{ auth: { type: "bearer", token: "t" } }, "auth"],
  [{ tls: { ca: selfSigned("a.example").cert } }, "tls"],
  [{ url: "kafka://a.example" }, "url"],
  [{ url: "kafka://a.example/a/b" }, "url"],
  [{ url: "kafka://a.example/a%20b" }, "url"],
  [{ url: "kafka://a.example/.." }, "url"],
  [{ url: `kafka://a.example/${"a".repeat(250)}` }, "url"],
  [{ url: "kafka://a.example/__consumer_offsets" }, "url"],
  [{ url: "kafka://ann@a.example/orders" }, "url"],
  [{ url: "kafka://a.example/orders?sasl=plain" }, "url"],
  [{ url: "kafka://ann:p@a.example/orders?sasl=gssapi" }, "url"],
  [{ url: "kafka://a.example/orders?tls=yes" }, "url"],
  [{ url: "kafka://a.example/orders?acks=0" }, "url"],
  [{ url: "kafka://a.example/orders?key=" }, "url"],
  [{ url: "kafka://a.example/orders?key=$" }, "url"],
  [{ url: "kafka://a.example/orders?key=$.a..b" }, "url"],
  [{ url: "kafka://a.example/orders?brokers=" }, "url"],
  [{ url: "kafka://a.example/orders?brokers=b.example:0" }, "url"],
  [{ url: "kafka://a.example/orders?brokers=b.example:9092,u@c.example" }, "url"],
  [{ url: "kafka://a.example/orders?brokers=b.example:99999" }, "url"],
])("the settings %j, which Kafka does not support, are refused", async (fields, loc) => {
  const app = await makeApplication(send);
  const answer = await send("POST", `/app/${app}/endpoint`, { url: "kafka://a.example/orders", ...fields });
  expect(answer).toMatchObject({ status: 422, json: { detail: [{ loc: ["body", loc] }] } });
});
