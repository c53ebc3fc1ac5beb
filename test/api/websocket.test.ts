import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, sendMessage, sendMessages, until } from "../support/delivery.ts";
import type { Frame } from "../support/fake-consumer.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";
import { SocketConsumer } from "../support/socket-consumer.ts";

/** Tests consumers that connect to `websocket:` endpoints. */

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule=1s,1s,1s"]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const keep = () => null;

/** Creates an application with a `websocket:` endpoint. */
async function makePlace(change: object = {}) {
  const app = await makeApplication(send);
  const { status, text, json } = await send("POST", `/app/${app}/endpoint`, { url: "websocket:", ...change });
  if (status !== 201) throw new Error(`The endpoint was not created: ${status} ${text}`);
  const path = `/app/${app}/endpoint/${json.id}`;
  const connect = (options?: Parameters<typeof SocketConsumer.connect>[2]) =>
    SocketConsumer.connect(server.url, `/api/v1${path}`, options);
  return { app, endpoint: json.id as string, path, connect };
}

/** Asks for a connection as a client that does not speak WebSocket, or pretends to. */
function ask(path: string, token: string | null | undefined, headers: Readonly<Record<string, string>> = {}) {
  return send("GET", `${path}/connect`, undefined, { ...(token !== undefined && { token }), headers });
}

const upgrade = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

const statusesOf = async (app: string, ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await attemptsOf(send, app, id)).map(({ statusText }) => statusText)));

/** Waits until these messages are delivered and none is pending. */
async function delivered({ path }: { readonly path: string }, ids: readonly string[]): Promise<void> {
  await until(
    async () => (await send("GET", `${path}/stats`)).json,
    ({ success, pending, sending }) => success === ids.length && pending + sending === 0,
  );
}

describe("a consumer", () => {
  test("a consumer gets a signed message, and its acknowledgement is a successful attempt", async () => {
    const place = await makePlace({ headers: { "X-Own": "yes" } });
    const { app, path, connect } = place;
    using consumer = await connect();
    await send("POST", `/app/${app}/msg`, '{"eventType":"invoice.paid","payload":{ "n": 1.0 }}');
    await consumer.until(() => consumer.frames.length >= 1);
    const [frame] = consumer.frames;
    expect(frame).toMatchObject({ type: "delivery", eventType: "invoice.paid", body: '{ "n": 1.0 }' });
    expect(frame!.deliveryId).toStartWith("dlv_");
    expect(frame!.headers).toMatchObject({ "content-type": "application/json", "x-own": "yes" });
    const { key } = (await send("GET", `${path}/secret`)).json;
    expect(new Webhook(key).verify(frame!.body!, frame!.headers as Record<string, string>)).toEqual({ n: 1 });
    await delivered(place, [frame!.messageId]);
    const [attempt] = await attemptsOf(send, app, frame!.messageId);
    expect(attempt).toMatchObject({ responseStatusCode: 200, url: "websocket:" });
  });

  test("a refused message is sent again, and its attempt has the consumer's error", async () => {
    const place = await makePlace();
    const { app, connect } = place;
    using consumer = await connect();
    consumer.onFrame = ({ deliveryId }) =>
      consumer.frames.length === 1 ? { type: "nack", deliveryId, error: "Try later." } : { type: "ack", deliveryId };
    const id = await sendMessage(send, app);
    await delivered(place, [id]);
    const attempts = await attemptsOf(send, app, id);
    expect(attempts.map(({ responseStatusCode, response }) => [responseStatusCode, response])).toEqual([
      [200, ""],
      [503, "NACK: Try later."],
    ]);
    const failed = (await send("GET", `/app/${app}/attempt/msg/${id}`)).json.data[1].id;
    const { requestHeaders } = (await send("GET", `/app/${app}/msg/${id}/attempt/${failed}`)).json;
    const webhookId = requestHeaders.find(({ name }: { name: string }) => name === "webhook-id");
    expect(webhookId).toEqual({ name: "webhook-id", value: id });
  });

  test("several consumers share the messages, each of which arrives once", async () => {
    const place = await makePlace();
    const { app, connect } = place;
    const consumers = await Promise.all([connect(), connect(), connect(), connect()]);
    try {
      const ids = await sendMessages(send, app, 400);
      await delivered(place, ids);
      const got = consumers.map(({ messageIds }) => messageIds);
      expect(got.flat().toSorted()).toEqual(ids.toSorted());
      for (const own of got) expect(own.length).toBeGreaterThan(0);
    } finally {
      for (const consumer of consumers) consumer[Symbol.dispose]();
    }
  });

  test("the deliveries of a consumer whose connection breaks are sent to another consumer", async () => {
    const place = await makePlace();
    const { app, connect } = place;
    const dying = await connect();
    // The first acknowledgement allows further messages to be sent concurrently.
    dying.onFrame = (frame) => (dying.frames.length === 1 ? { type: "ack", deliveryId: frame.deliveryId } : null);
    const ids = await sendMessages(send, app, 30);
    await dying.until(() => dying.frames.length >= 10);
    dying.socket.terminate();
    using other = await connect();
    await delivered(place, ids);
    expect(new Set([...other.messageIds, dying.messageIds[0]!])).toEqual(new Set(ids));
  });

  test("at most `prefetch` messages are unacknowledged, and the others wait without an attempt", async () => {
    const place = await makePlace();
    const { app, endpoint, connect } = place;
    using consumer = await connect({ query: "?prefetch=2" });
    consumer.onFrame = (frame) => (consumer.frames.length === 1 ? { type: "ack", deliveryId: frame.deliveryId } : null);
    const ids = await sendMessages(send, app, 6);
    await consumer.until(() => consumer.frames.length >= 3);
    expect((await send("GET", `/app/${app}/attempt/endpoint/${endpoint}`)).json.data).toHaveLength(1);
    for (let next = 1; next < 6; next++) {
      await consumer.until(() => consumer.frames.length > next);
      expect(consumer.frames.length).toBeLessThanOrEqual(next + 2);
      consumer.ack(consumer.frames[next]!);
    }
    await delivered(place, ids);
    for (const statuses of await statusesOf(app, ids)) expect(statuses).toEqual(["success"]);
  });

  test("without a consumer, a message fails; when one connects, it is sent at once", async () => {
    const { app, path, connect } = await makePlace({ retrySchedule: ["1h"] });
    const id = await sendMessage(send, app);
    const failed = await until(
      () => attemptsOf(send, app, id),
      ([attempt]) => attempt?.statusText === "fail",
    );
    expect(failed[0]).toMatchObject({ responseStatusCode: 0, response: "no consumer is connected" });
    using consumer = await connect();
    await consumer.until(() => consumer.frames.length >= 1);
    expect(consumer.messageIds).toEqual([id]);
    expect((await send("GET", path)).json.disabled).toBe(false);
  });

  test("the server ignores unknown frames of a consumer, and closes the connection after one that is not a JSON object", async () => {
    const place = await makePlace();
    const { app, connect } = place;
    using consumer = await connect();
    consumer.onFrame = keep;
    const id = await sendMessage(send, app);
    await consumer.until(() => consumer.frames.length >= 1);
    for (const frame of ['{"type":"hello"}', '{"type":"ack","deliveryId":"dlv_none"}', "{}"]) consumer.reply(frame);
    consumer.ack(consumer.frames[0]!);
    await delivered(place, [id]);
    consumer.reply("[]");
    expect(await consumer.end()).toBe(1007);
  });

  test.each<[string, string | Uint8Array<ArrayBuffer>, number]>([
    ["a binary frame", new Uint8Array([123, 125]), 1007],
    ["a frame of more than 64 KiB", JSON.stringify({ type: "x".repeat(70_000) }), 1009],
  ])("%s ends the connection", async (_, frame, code) => {
    const { connect } = await makePlace();
    using consumer = await connect();
    consumer.socket.send(frame);
    expect(await consumer.end()).toBe(code);
  });

  test("a transformation changes what the consumer gets, and a thin event has a link", async () => {
    const { app, path, connect } = await makePlace();
    const code = "function handler(webhook) { webhook.payload = { changed: true }; return webhook }";
    expect((await send("PATCH", `${path}/transformation`, { code, enabled: true })).status).toBe(204);
    using consumer = await connect();
    await sendMessage(send, app);
    await consumer.until(() => consumer.frames.length >= 1);
    expect(JSON.parse(consumer.frames[0]!.body!)).toEqual({ changed: true });
    await send("PATCH", `${path}/transformation`, { enabled: false });
    await send("PATCH", path, { payloadMode: "reference" });
    await sendMessage(send, app);
    await consumer.until(() => consumer.frames.length >= 2);
    expect(JSON.parse(consumer.frames[1]!.body!)).toMatchObject({ url: expect.stringContaining("/payload/") });
  });

  test("a batch is one frame with its members, and one acknowledgement delivers them", async () => {
    const place = await makePlace({ batch: { maxMessages: 3, maxWaitMs: 60_000 } });
    const { app, connect } = place;
    using consumer = await connect();
    const ids = await sendMessages(send, app, 3);
    await delivered(place, ids);
    const [frame] = consumer.frames;
    expect(frame).toMatchObject({ messageId: expect.stringMatching(/^batch_/), eventType: null });
    expect((JSON.parse(frame!.body!) as { id: string }[]).map(({ id }) => id)).toEqual(ids);
    expect(consumer.frames).toHaveLength(1);
  });

  test("after the server was killed, a consumer that connects again gets what was not acknowledged", async () => {
    const own = await startServer(["--retry-schedule=1s,1s,1s"]);
    const sendOwn = clientOf(own.url);
    const app = await makeApplication(sendOwn);
    const endpoint = (await sendOwn("POST", `/app/${app}/endpoint`, { url: "websocket:" })).json.id;
    const path = `/api/v1/app/${app}/endpoint/${endpoint}`;
    const before = await SocketConsumer.connect(own.url, path);
    before.onFrame = (frame) => (before.frames.length === 1 ? { type: "ack", deliveryId: frame.deliveryId } : null);
    const ids = await sendMessages(sendOwn, app, 8);
    await before.until(() => before.frames.length >= 8);
    await own.restart();
    expect(await before.end()).toBe(1006);
    using after = await SocketConsumer.connect(own.url, path);
    await after.until(() => new Set(after.messageIds).size >= 7);
    expect(new Set([before.messageIds[0]!, ...after.messageIds])).toEqual(new Set(ids));
    const stopped = own.stop();
    expect(await after.end()).toBe(1001);
    await stopped;
  });
});

describe("a client that connects but does not read", () => {
  /** Opens the WebSocket of a consumer and reads only the response. */
  async function connectWithoutReading(path: string): Promise<Bun.Socket> {
    const { hostname, port } = new URL(server.url);
    const opened = Promise.withResolvers<void>();
    const headers = { host: hostname, authorization: `Bearer ${ROOT_TOKEN}`, ...upgrade };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    return Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        open: (socket) => void socket.write(`GET /api/v1${path}/connect HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`),
        data(socket) {
          socket.pause();
          opened.resolve();
        },
      },
    }).then(async (socket) => {
      await opened.promise;
      return socket;
    });
  }

  test("a consumer that does not read is disconnected after its deliveries time out, and another one gets them", async () => {
    const place = await makePlace({ timeoutMs: 1000, retrySchedule: ["1s", "1s", "1s", "1s", "1s"] });
    const { app, path, connect } = place;
    const consumers = async () => (await send("GET", `${path}/stats`)).json.consumers;
    const socket = await connectWithoutReading(path);
    await until(consumers, (count) => count === 1);
    const payload = { text: "x".repeat(900_000) };
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) ids.push(await sendMessage(send, app, { payload }));
    await until(consumers, (count) => count === 0);
    socket.terminate();
    using other = await connect();
    await delivered(place, ids);
    expect(new Set(other.messageIds)).toEqual(new Set(ids));
  });
});

describe("who can connect", () => {
  test("a browser can send its token as a subprotocol, and the server selects the other one", async () => {
    const { app, connect } = await makePlace();
    const { token } = (await send("POST", `/auth/app-portal-access/${app}`, {})).json;
    using consumer = await connect({ token: null, protocols: ["boathook.v1", `bearer.${token}`] });
    expect(consumer.socket.protocol).toBe("boathook.v1");
    const id = await sendMessage(send, app);
    await consumer.until(() => consumer.frames.length >= 1);
    expect(consumer.messageIds).toEqual([id]);
  });

  test("a consumer without a valid token gets 401, even with the cookie of a session", async () => {
    const { path } = await makePlace();
    const login = await send(
      "POST",
      "/api/v1/session",
      { token: (await server.createToken()).trim() },
      { token: null },
    );
    const cookie = login.headers.get("set-cookie")?.split(";")[0];
    expect(cookie).toBeDefined();
    for (const headers of [{}, { cookie: cookie! }, { "sec-websocket-protocol": "boathook.v1, bearer.wrong" }]) {
      expect((await ask(path, null, { ...upgrade, ...headers })).status).toBe(401);
    }
  });

  test("a consumer with the token of another application, or for an unknown endpoint, gets 404", async () => {
    const [place, other] = [await makePlace(), await makePlace()];
    const { token } = (await send("POST", `/auth/app-portal-access/${other.app}`, {})).json;
    expect((await ask(place.path, token, upgrade)).status).toBe(404);
    expect((await ask(`/app/${other.app}/endpoint/${place.endpoint}`, token, upgrade)).status).toBe(404);
    expect((await ask(`/app/${place.app}/endpoint/${freshUid("ep")}`, undefined, upgrade)).status).toBe(404);
  });

  test("a consumer with a read-only token, or a portal token that can only read, gets 403", async () => {
    const { app, path } = await makePlace();
    const readOnly = await server.createToken("--read-only");
    const body = { capabilities: ["ViewBase"] };
    const { token } = (await send("POST", `/auth/app-portal-access/${app}`, body)).json;
    for (const one of [readOnly, token]) expect((await ask(path, one, upgrade)).status).toBe(403);
  });

  test("a consumer gets 409 for an endpoint with another URL, and 426 without an upgrade", async () => {
    const { app, path } = await makePlace();
    const http = (await send("POST", `/app/${app}/endpoint`, { url: "http://127.0.0.1:1/" })).json.id;
    expect((await ask(`/app/${app}/endpoint/${http}`, undefined, upgrade)).json.code).toBe("not_websocket");
    expect((await ask(path, undefined)).json).toMatchObject({ code: "upgrade_required" });
    expect((await ask(path, undefined)).status).toBe(426);
    await send("PATCH", path, { disabled: true });
    expect((await ask(path, undefined, upgrade)).status).toBe(409);
  });

  test.each([
    ["0", 422],
    ["257", 422],
    ["x", 400],
    ["1.5", 400],
    ["", 400],
  ])("a consumer with a prefetch of %j gets %d", async (prefetch, status) => {
    const { path } = await makePlace();
    expect((await send("GET", `${path}/connect?prefetch=${prefetch}`)).status).toBe(status);
  });

  test.each([
    ["auth", { auth: { type: "bearer", token: "a-token" } }],
    ["tls", { tls: { ca: "none" } }],
  ])("the field %s of an endpoint with consumers is a 422", async (_, change) => {
    const app = await makeApplication(send);
    const { status } = await send("POST", `/app/${app}/endpoint`, { url: "websocket:", ...change });
    expect(status).toBe(422);
  });
});

test("the statistics of an endpoint count the connected consumers, if it can have any", async () => {
  const { app, path, connect } = await makePlace();
  const consumers = async () => (await send("GET", `${path}/stats`)).json.consumers;
  expect(await consumers()).toBe(0);
  using first = await connect();
  using second = await connect();
  expect(await consumers()).toBe(2);
  first.socket.close();
  await until(consumers, (count) => count === 1);
  expect(second.closed).toBeNull();
  const http = (await send("POST", `/app/${app}/endpoint`, { url: "http://127.0.0.1:1/" })).json.id;
  expect((await send("GET", `/app/${app}/endpoint/${http}/stats`)).json.consumers).toBeUndefined();
});

describe("the end of a connection", () => {
  test("the connection of a consumer ends with 4403 when its portal user logs out", async () => {
    const { app, connect } = await makePlace();
    const { token } = (await send("POST", `/auth/app-portal-access/${app}`, {})).json;
    using consumer = await connect({ token });
    await send("POST", "/auth/logout", undefined, { token });
    expect(await consumer.end()).toBe(4403);
  });

  test("the connection of a consumer ends with 4403 when its endpoint is disabled, and with 4410 when it is deleted", async () => {
    const [disabled, deleted] = [await makePlace(), await makePlace()];
    using first = await disabled.connect();
    using second = await deleted.connect();
    await send("PATCH", disabled.path, { disabled: true });
    await send("DELETE", deleted.path);
    expect([await first.end(), await second.end()]).toEqual([4403, 4410]);
  });

  test("the connection of a consumer ends with 4410 when its application is deleted", async () => {
    const { app, connect } = await makePlace();
    using consumer = await connect();
    await send("DELETE", `/app/${app}`);
    expect(await consumer.end()).toBe(4410);
  });
});

test("a source's endpoint can have consumers", async () => {
  const source = (await send("POST", "/ingest/api/v1/source", { name: "s", type: "generic-webhook" })).json;
  const base = `/ingest/api/v1/source/${source.id}/endpoint`;
  const endpoint = (await send("POST", base, { url: "websocket:" })).json.id;
  using consumer = await SocketConsumer.connect(server.url, `${base}/${endpoint}`);
  await fetch(source.ingestUrl.replace(/^https?:\/\/[^/]+/, server.url), { method: "POST", body: "hello" });
  await consumer.until(() => consumer.frames.length >= 1);
  const frame = consumer.frames[0] as Frame;
  expect(frame.body).toBe("hello");
  expect(frame.headers).toMatchObject({ "boathook-method": "POST" });
});
