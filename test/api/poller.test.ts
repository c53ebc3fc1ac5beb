import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Svix } from "svix";
import { Svix as Svix1 } from "svix1";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { sendMessage, sendMessages } from "../support/delivery.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

/** Tests pollers and consumers, which are clients that fetch messages. */

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const ids = (data: { id: string }[]) => data.map(({ id }) => id);
const pathOf = (app: string, consumer?: string) =>
  `/app/${app}/poller/mirror${consumer === undefined ? "" : `/consumer/${consumer}`}`;

async function poll(path: string, query: Record<string, string | number> = {}) {
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  const { status, text, json } = await send("GET", `${path}?${search}`);
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return json;
}

describe("polling", () => {
  test("a poller gets every message in order of acceptance, then an empty page until new messages arrive", async () => {
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 5);
    const first = await poll(pathOf(app), { limit: 3 });
    expect({ ids: ids(first.data), done: first.done }).toEqual({ ids: sent.slice(0, 3), done: false });
    const second = await poll(pathOf(app), { limit: 3, iterator: first.iterator });
    expect({ ids: ids(second.data), done: second.done }).toEqual({ ids: sent.slice(3), done: true });
    const third = await poll(pathOf(app), { iterator: second.iterator });
    expect(third).toEqual({ data: [], iterator: second.iterator, done: true });
    const more = await sendMessage(send, app);
    expect(ids((await poll(pathOf(app), { iterator: third.iterator })).data)).toEqual([more]);
  });

  test("a poll that finds no messages returns an iterator that leads to later messages", async () => {
    const app = await makeApplication(send);
    const empty = await poll(pathOf(app));
    expect(empty).toEqual({ data: [], iterator: expect.stringMatching(/^msg_/), done: true });
    const message = await sendMessage(send, app);
    expect(ids((await poll(pathOf(app), { iterator: empty.iterator })).data)).toEqual([message]);
  });

  test("a poll returns all fields of a message and its payload byte for byte", async () => {
    const app = await makeApplication(send);
    await send(
      "POST",
      `/app/${app}/msg`,
      '{"eventType":"a","eventId":"e1","channels":["eu"],"tags":["vip"],"payload":{ "n":1.0}}',
    );
    const { text, json } = await send("GET", pathOf(app));
    expect(text).toContain('"payload":{ "n":1.0}');
    expect(json.data[0]).toEqual({
      id: expect.stringMatching(/^msg_/),
      eventType: "a",
      eventId: "e1",
      payload: { n: 1 },
      channels: ["eu"],
      tags: ["vip"],
      timestamp: expect.any(String),
      deliverAt: null,
      headers: null,
    });
  });

  test("polls can be filtered by event type, channel and time", async () => {
    const app = await makeApplication(send);
    const plain = await sendMessage(send, app, { eventType: "a" });
    const inChannel = await sendMessage(send, app, { eventType: "b", channels: ["eu"] });
    const both = await sendMessage(send, app, { eventType: "a", channels: ["eu"] });
    const fetched = async (query: Record<string, string>) => ids((await poll(pathOf(app), query)).data);
    expect(await fetched({ event_type: "a" })).toEqual([plain, both]);
    expect(await fetched({ channel: "eu" })).toEqual([inChannel, both]);
    expect(await fetched({ event_type: "a", channel: "eu" })).toEqual([both]);
    expect(await fetched({ after: new Date(Date.now() - 60_000).toISOString() })).toEqual([plain, inChannel, both]);
    expect(await fetched({ after: new Date(Date.now() + 60_000).toISOString() })).toEqual([]);
  });

  test("a poller gets each message once, even if it changes the page size", async () => {
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 40);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 8 }), async (limits) => {
        const got: string[] = [];
        let query: Record<string, string> = {};
        for (let i = 0, done = false; !done; i++) {
          const page = await poll(pathOf(app), { ...query, limit: limits[i % limits.length]! });
          got.push(...ids(page.data));
          query = { iterator: page.iterator };
          done = page.done;
        }
        expect(got).toEqual(sent);
      }),
      { numRuns: 15 },
    );
  });
});

describe("polling with a wait", () => {
  test("a waiting poll returns as soon as a message is accepted", async () => {
    const app = await makeApplication(send);
    const { iterator } = await poll(pathOf(app));
    const waiting = poll(pathOf(app), { iterator, wait: 30 });
    const message = await sendMessage(send, app);
    expect(ids((await waiting).data)).toEqual([message]);
  });

  test("a poll with a filter waits until a matching message arrives", async () => {
    const app = await makeApplication(send);
    const { iterator } = await poll(pathOf(app));
    const waiting = poll(pathOf(app), { iterator, wait: 30, event_type: "wanted" });
    await sendMessages(send, app, 3);
    const message = await sendMessage(send, app, { eventType: "wanted" });
    expect(ids((await waiting).data)).toEqual([message]);
  });

  test("a poll with a wait returns immediately if there are messages, and otherwise an empty page after the wait", async () => {
    const app = await makeApplication(send);
    const message = await sendMessage(send, app);
    const first = await poll(pathOf(app), { wait: 30 });
    expect(ids(first.data)).toEqual([message]);
    expect(await poll(pathOf(app), { wait: 1, iterator: first.iterator })).toEqual({
      data: [],
      iterator: first.iterator,
      done: true,
    });
  });

  test("a waiting poll returns no messages of another application", async () => {
    const [app, other] = [await makeApplication(send), await makeApplication(send)];
    const waiting = poll(pathOf(app), { wait: 1 });
    await sendMessage(send, other);
    expect((await waiting).data).toEqual([]);
  });

  test("a waiting poll does not prevent the server from stopping", async () => {
    const own = await startServer();
    const call = clientOf(own.url);
    const app = await makeApplication(call);
    const waiting = call("GET", `${pathOf(app)}?wait=30`).then(
      ({ status }) => status,
      () => "closed",
    );
    // The server handles the calls of one process in order, so the poll is already waiting.
    await call("GET", pathOf(app));
    await own.stop();
    expect([200, "closed"]).toContain(await waiting);
  });
});

describe("consumers", () => {
  test("a consumer gets the same page until it sends the iterator, even after a restart", async () => {
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 4);
    const path = pathOf(app, "one");
    const first = await poll(path, { limit: 2 });
    expect(ids(first.data)).toEqual(sent.slice(0, 2));
    expect(await poll(path, { limit: 2 })).toEqual(first);
    const second = await poll(path, { limit: 2, iterator: first.iterator });
    expect(ids(second.data)).toEqual(sent.slice(2));
    await server.restart();
    expect(await poll(path, { limit: 2 })).toEqual(second);
    expect((await poll(path, { iterator: second.iterator })).data).toEqual([]);
    expect((await poll(path)).data).toEqual([]);
  });

  test("a consumer has a separate position in each sink", async () => {
    const app = await makeApplication(send);
    const [message] = await sendMessages(send, app, 1);
    await poll(pathOf(app, "one"), { iterator: message! });
    expect((await poll(pathOf(app, "one"))).data).toEqual([]);
    for (const path of [pathOf(app, "two"), `/app/${app}/poller/other/consumer/one`]) {
      expect(ids((await poll(path)).data)).toEqual([message!]);
    }
  });

  test("polling with an older iterator returns the page after that iterator but does not move the consumer back", async () => {
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 3);
    const path = pathOf(app, "one");
    await poll(path, { iterator: sent[1]! });
    expect(ids((await poll(path, { iterator: sent[0]! })).data)).toEqual(sent.slice(1));
    expect(ids((await poll(path)).data)).toEqual(sent.slice(2));
  });

  test("a seek moves a consumer forwards or backwards", async () => {
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 2);
    const path = pathOf(app, "one");
    const seek = async (after: string) => (await send("POST", `${path}/seek`, { after })).json.iterator;
    const end = await seek(new Date(Date.now() + 60_000).toISOString());
    expect(end).toMatch(/^msg_/);
    expect((await poll(path)).data).toEqual([]);
    const start = await seek("2026-01-01T00:00:00Z");
    expect(ids((await poll(path)).data)).toEqual(sent);
    expect(ids((await poll(path, { iterator: start })).data)).toEqual(sent);
  });

  test("a consumer can wait for a message", async () => {
    const app = await makeApplication(send);
    const waiting = poll(pathOf(app, "one"), { wait: 30 });
    const message = await sendMessage(send, app);
    expect(ids((await waiting).data)).toEqual([message]);
  });
});

test("both SDKs can poll, consume and seek", async () => {
  for (const Sdk of [Svix, Svix1]) {
    const { message } = new Sdk(ROOT_TOKEN, { serverUrl: server.url });
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 3, { eventType: "a", channels: ["eu"] });
    const first = await message.poller.poll(app, "mirror", { limit: 2, eventType: "a", channel: "eu" });
    expect({ ids: ids(first.data), done: first.done }).toEqual({ ids: sent.slice(0, 2), done: false });
    const second = await message.poller.consumerPoll(app, "mirror", "one", { iterator: first.iterator });
    expect(ids(second.data)).toEqual(sent.slice(2));
    const { iterator } = await message.poller.consumerSeek(app, "mirror", "one", { after: new Date(0) });
    expect(ids((await message.poller.consumerPoll(app, "mirror", "one", { iterator })).data)).toEqual(sent);
  }
});

describe("invalid polls", () => {
  test("an invalid poll or seek returns 400 or 422", async () => {
    const app = await makeApplication(send);
    for (const [query, status] of [
      ["limit=251", 422],
      ["limit=x", 400],
      ["wait=31", 422],
      ["wait=-1", 422],
      ["wait=soon", 400],
      ["iterator=nonsense", 422],
      ["iterator=ep_0KfxFXFUH4hEMq0Y8gpRxcT2bSr", 422],
    ] as const) {
      for (const path of [pathOf(app), pathOf(app, "one")]) {
        const answer = await send("GET", `${path}?${query}`);
        expect({ path, query, status: answer.status }).toEqual({ path, query, status });
      }
    }
    expect((await send("GET", `${pathOf(app)}?event_type=no%20spaces`)).status).toBe(422);
    expect((await send("GET", `${pathOf(app)}?after=then`)).status).toBe(400);
    for (const name of ["no%20spaces", "x".repeat(257), "a%2Fb"]) {
      expect((await send("GET", `/app/${app}/poller/${name}`)).status).toBe(422);
      expect((await send("GET", `/app/${app}/poller/mirror/consumer/${name}`)).status).toBe(422);
      expect(
        (await send("POST", `/app/${app}/poller/${name}/consumer/one/seek`, { after: "2026-01-01T00:00:00Z" })).status,
      ).toBe(422);
    }
    for (const body of [undefined, {}, { after: null }, { after: 5 }, { after: "then" }, "{"]) {
      expect({ body, status: (await send("POST", `${pathOf(app, "one")}/seek`, body)).status }).toEqual({
        body,
        status: 422,
      });
    }
  });

  test("polling or seeking in another application returns 404", async () => {
    const [mine, other] = [await makeApplication(send), await makeApplication(send)];
    const token = await server.createToken(`--app=${mine}`);
    const status = async (method: string, path: string, body?: unknown) =>
      (await send(method, path, body, { token })).status;
    expect(await status("GET", pathOf(mine))).toBe(200);
    expect(await status("GET", pathOf(other))).toBe(404);
    expect(await status("GET", pathOf(other, "one"))).toBe(404);
    expect(await status("POST", `${pathOf(other, "one")}/seek`, { after: "2026-01-01T00:00:00Z" })).toBe(404);
    expect(await status("POST", `${pathOf(mine, "one")}/seek`, { after: "2026-01-01T00:00:00Z" })).toBe(200);
  });
});
