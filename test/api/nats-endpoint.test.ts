import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { Webhook } from "standardwebhooks";
import type { Broker } from "../support/brokers/broker.ts";
import { natsServer, startNats } from "../support/brokers/nats.ts";
import { selfSigned } from "../support/certificate.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, firstAttempt, makeEndpoint, sendMessage, sendMessages, until } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

/** Sends a message to a new endpoint and returns its first attempt. */
const delivered = (url: string, endpoint: object = {}) => firstAttempt(send, url, endpoint);

describe.skipIf(natsServer === null)("an endpoint with a NATS URL", () => {
  let broker: Broker;
  let connection: NatsConnection;
  let manager: JetStreamManager;

  const open = async () => {
    connection = await connect({ servers: `127.0.0.1:${broker.port}`, reconnect: false });
    manager = await jetstreamManager(connection);
  };
  beforeAll(async () => {
    broker = await startNats();
    await open();
  });
  afterAll(async () => {
    await connection?.close();
    await broker?.[Symbol.asyncDispose]();
  });

  const url = (subject: string) => `nats://127.0.0.1:${broker.port}/${subject}`;
  let streams = 0;
  /** Makes a stream with one subject, and returns the name of both. */
  const newStream = async (options: object = {}) => {
    const name = `stream-${++streams}`;
    await manager.streams.add({ name, subjects: [name], ...options });
    return name;
  };
  const countIn = async (stream: string) => (await manager.streams.info(stream)).state.messages;
  /** Returns the ids of all messages in a stream, in order. */
  const idsIn = async (stream: string) => {
    const { first_seq: first, last_seq: last } = (await manager.streams.info(stream)).state;
    const ids: string[] = [];
    for (let seq = first; seq <= last; seq++) {
      ids.push((await manager.streams.getMessage(stream, { seq }))!.header.get("Nats-Msg-Id"));
    }
    return ids;
  };

  test("a NATS stream gets the message with a valid signature and the endpoint's headers", async () => {
    const stream = await newStream();
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, url(stream), { headers: { "X-Tenant": "t1" } });
    const payload = { amount: 1.5, name: "Ä" };
    const id = await sendMessage(send, app, { eventType: "invoice.paid", payload });
    const [attempt] = await attemptsOf(send, app, id);
    expect(attempt).toMatchObject({ url: url(stream), responseStatusCode: 200, reason: null });
    expect(JSON.parse(attempt!.response)).toEqual({ stream, seq: 1 });
    const stored = await manager.streams.getMessage(stream, { seq: 1 });
    const headers = Object.fromEntries([...stored!.header].map(([name, [value]]) => [name, value!]));
    expect(headers).toMatchObject({ "Nats-Msg-Id": id, "event-type": "invoice.paid", "x-tenant": "t1" });
    expect(headers["content-type"]).toBe("application/json");
    const { key } = (await send("GET", `/app/${app}/endpoint/${endpoint}/secret`)).json;
    expect(new Webhook(key).verify(Buffer.from(stored!.data), headers)).toEqual(payload);
  });

  test("attempts show the refusals of NATS with their status and the server's error", async () => {
    expect(await delivered(url("nobody"))).toMatchObject({
      ...{ responseStatusCode: 404, reason: "status_4xx", response: "No Responders: No stream takes the subject." },
    });
    const full = await newStream({ max_bytes: 1, discard: "new" });
    expect(await delivered(url(full))).toMatchObject({ responseStatusCode: 503, reason: "status_5xx" });
  });

  test("a token in a NATS URL is shown as ***, and a URL with *** keeps it for the same server", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, "nats://t0ken@a.example/orders");
    const path = `/app/${app}/endpoint/${endpoint}`;
    expect((await send("GET", path)).json.url).toBe("nats://***@a.example/orders");
    expect((await send("PATCH", path, { url: "nats://***@a.example/invoices" })).status).toBe(200);
    for (const other of ["nats://***@b.example/orders", "nats://***@a.example/orders?tls=false"]) {
      expect((await send("PATCH", path, { url: other })).status).toBe(422);
    }
  });

  test("the login at a NATS server is that of the URL, and a wrong one is refused with 401", async () => {
    const certificate = selfSigned("127.0.0.1");
    await using own = await startNats(certificate, 'users: [{ user: ann, password: "s@cret" }]');
    const at = (login: string) => `nats://${login}@127.0.0.1:${own.port}/nobody?tls=true`;
    const tls = { ca: certificate.cert };
    const attempt = await delivered(at("ann:s%40cret"), { tls });
    expect(attempt).toMatchObject({ responseStatusCode: 404, url: at("ann:***") });
    expect(await delivered(at("ann:wrong"), { tls })).toMatchObject({
      ...{ responseStatusCode: 401, reason: "status_4xx", response: "Authorization Violation" },
    });
    expect(await delivered(at("ann:s%40cret"))).toMatchObject({ responseStatusCode: 0, reason: "tls" });
  });

  test("a NATS stream gets the messages of a fifo endpoint in their order", async () => {
    const stream = await newStream();
    const app = await makeApplication(send);
    await makeEndpoint(send, app, url(stream), { ordering: "fifo" });
    const ids = await sendMessages(send, app, 100);
    await until(
      () => countIn(stream),
      (count) => count >= 100,
    );
    expect(await idsIn(stream)).toEqual(ids);
  });

  test("no message is lost when NATS is killed and started again under load", async () => {
    const stream = await newStream();
    const app = await makeApplication(send);
    await makeEndpoint(send, app, url(stream), { retrySchedule: Array.from({ length: 50 }, () => "1s") });
    const ids = await sendMessages(send, app, 1000);
    await until(
      () => countIn(stream),
      (count) => count >= 20,
    );
    await connection.close();
    const sending = sendMessages(send, app, 1000);
    await broker.kill();
    ids.push(...(await sending));
    await broker.start();
    await open();
    const found = await until(
      () => idsIn(stream),
      (all) => new Set(all).size >= ids.length,
    );
    expect([...new Set(found)].toSorted()).toEqual(ids.toSorted());
    console.log(`NATS was killed: 0 of ${ids.length} messages lost, ${found.length - ids.length} delivered twice`);
  });
});

test("an attempt that does not reach its NATS server says why, and has no status", async () => {
  const none = { responseStatusCode: 0 };
  expect(await delivered(`nats://127.0.0.1:${freePort()}/a`)).toMatchObject({ ...none, reason: "connection" });
  expect(await delivered("nats://10.0.0.1/a")).toMatchObject({ ...none, reason: "blocked" });
  expect(await delivered("nats://nowhere.invalid/a")).toMatchObject({ ...none, reason: "dns" });
});

test.each<[fields: object, loc: string]>([
  [{ batch: { maxMessages: 10, maxWaitMs: 100 } }, "batch"],
  [{ auth: { type: "bearer", token: "t" } }, "auth"],
  [{ tls: { ca: selfSigned("a.example").cert } }, "tls"],
  [{ url: "nats://a.example" }, "url"],
  [{ url: "nats://a.example/orders.*" }, "url"],
  [{ url: "nats://a.example/orders..new" }, "url"],
  [{ url: "nats://a.example/orders%0d%0aPUB" }, "url"],
  [{ url: "nats://a.example/orders%20x" }, "url"],
  [{ url: "nats://a.example/$JS.API.STREAM.PURGE.ORDERS" }, "url"],
  [{ url: "nats://a.example/orders?tls=yes" }, "url"],
  [{ url: "nats://a.example/orders?stream=ORDERS" }, "url"],
])("the settings %j, which NATS does not support, are refused", async (fields, loc) => {
  const app = await makeApplication(send);
  const answer = await send("POST", `/app/${app}/endpoint`, { url: "nats://a.example/orders", ...fields });
  expect(answer).toMatchObject({ status: 422, json: { detail: [{ loc: ["body", loc] }] } });
});
