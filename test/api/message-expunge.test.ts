import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Svix } from "svix";
import { Svix as Svix1 } from "svix1";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessage, sendMessages, until } from "../support/delivery.ts";
import { heldBack, ok, startReceiver } from "../support/receiver.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const EXPIRED = { expired: true };
const payloadOf = async (app: string, message: string) =>
  (await send("GET", `/app/${app}/msg/${message}`)).json.payload;

describe("bulk-expunge", () => {
  test("bulk-expunge deletes the payloads of existing messages by id and by eventId", async () => {
    const app = await makeApplication(send);
    const [byId, named, kept] = [
      await sendMessage(send, app),
      await sendMessage(send, app, { eventId: "event-1" }),
      await sendMessage(send, app, { payload: { kept: true } }),
    ];
    const ids = [byId, "event-1", "nope", "__proto__"];
    const { status, json } = await send("POST", `/app/${app}/msg/bulk-expunge`, { ids });
    expect(status).toBe(200);
    expect(Object.entries(json.results)).toEqual([
      [byId, "expunged"],
      ["event-1", "expunged"],
      ["nope", "not-found"],
      ["__proto__", "not-found"],
    ]);
    expect(await payloadOf(app, byId)).toEqual(EXPIRED);
    expect(await payloadOf(app, named)).toEqual(EXPIRED);
    expect(await payloadOf(app, kept)).toEqual({ kept: true });
    const again = await send("POST", `/app/${app}/msg/bulk-expunge`, { ids: [byId] });
    expect(again.json.results).toEqual({ [byId]: "expunged" });
  });

  test("bulk-expunge cancels pending deliveries, even those in memory, and updates the pending count", async () => {
    const held = heldBack();
    await using receiver = startReceiver(held.answering);
    const app = await makeApplication(send);
    await makeEndpoint(send, app, receiver.url, { concurrency: 1 });
    const before = (await send("GET", "/overview")).json.pending;
    const messages = await sendMessages(send, app, 5);
    await receiver.arrived(1);
    await send("POST", `/app/${app}/msg/bulk-expunge`, { ids: messages.slice(1, 4) });
    held.give(ok);
    await receiver.arrived(2);
    await until(
      async () => (await send("GET", "/overview")).json.pending,
      (pending) => pending === before,
    );
    expect(receiver.received.map(({ id }) => id)).toEqual([messages[0]!, messages[4]!]);
  });

  test("bulk-expunge does nothing without ids and returns 422 if an id is invalid", async () => {
    const app = await makeApplication(send);
    const expunge = (body: unknown) => send("POST", `/app/${app}/msg/bulk-expunge`, body);
    for (const body of [{}, { ids: [] }, undefined]) {
      expect((await expunge(body)).json).toEqual({ results: {} });
    }
    expect((await expunge({ ids: ["a", "a"] })).json).toEqual({ results: { a: "not-found" } });
    for (const body of [
      { ids: null },
      { ids: "a" },
      { ids: [1] },
      { ids: [null] },
      { ids: [""] },
      { ids: ["a b"] },
      { ids: ["x".repeat(257)] },
      { ids: Array.from({ length: 1001 }, (_, i) => `id-${i}`) },
      [],
      "{not json",
    ]) {
      expect([body, (await expunge(body)).status]).toEqual([body, 422]);
    }
  });

  test("messages of another application or environment cannot be expunged or pre-checked", async () => {
    const [app, other] = [await makeApplication(send), await makeApplication(send)];
    const message = await sendMessage(send, app, { eventId: "same", payload: { a: 1 } });
    await sendMessage(send, other, { eventId: "same" });
    const { json } = await send("POST", `/app/${other}/msg/bulk-expunge`, { ids: [message, "same"] });
    expect(json.results).toEqual({ [message]: "not-found", same: "expunged" });
    expect(await payloadOf(app, message)).toEqual({ a: 1 });
    const elsewhere = await server.createToken("--environment", freshUid("environment"));
    const own = await server.createToken("--app", app);
    for (const path of ["bulk-expunge", "expunge-all-contents", "precheck/active"]) {
      const body = path.startsWith("precheck") ? { eventType: "a" } : {};
      const statusWith = async (token: string) =>
        (await send("POST", `/app/${app}/msg/${path}`, body, { token })).status;
      expect([path, await statusWith(elsewhere)]).toEqual([path, 404]);
      expect([path, await statusWith(own)]).toEqual([path, 403]);
      expect((await send("POST", `/app/nope/msg/${path}`, body)).status).toBe(404);
    }
    expect(await payloadOf(app, message)).toEqual({ a: 1 });
  });
});

describe("expunge-all-contents", () => {
  test("expunge-all-contents deletes all payloads of one application, even across a crash", async () => {
    const COUNT = 10_000;
    const own = await startServer();
    const ask = clientOf(own.url);
    try {
      const [app, other] = [await makeApplication(ask), await makeApplication(ask)];
      await makeEndpoint(ask, app, "https://example.com", { paused: true });
      const pending = async () => (await ask("GET", "/overview")).json.pending;
      const elsewhere = await sendMessage(ask, other, { payload: { kept: true } });
      await sendMessages(ask, app, COUNT);
      expect(await pending()).toBe(COUNT);

      const { status, json } = await ask("POST", `/app/${app}/msg/expunge-all-contents`);
      expect(status).toBe(202);
      expect(json).toMatchObject({ status: "running", task: "application.purge_content" });
      const later = await sendMessage(ask, app, { payload: { kept: true } });
      const progress = async () => (await ask("GET", `/background-task/${json.id}`)).json;
      expect(await until(progress, ({ data }) => data.messagesPurged > 0)).toMatchObject({ status: "running" });
      await own.restart();
      const task = await until(progress, ({ status: now }) => now !== "running");
      expect(task).toMatchObject({ status: "finished", data: { messagesPurged: COUNT } });
      expect(await pending()).toBe(1);

      for (const [uid, message] of [
        [other, elsewhere],
        [app, later],
      ] as const) {
        expect((await ask("GET", `/app/${uid}/msg/${message}`)).json.payload).toEqual({ kept: true });
      }
      const { data } = (await ask("GET", `/app/${app}/msg?limit=250`)).json;
      const kept = data.filter(({ payload }: { payload: { expired?: true } }) => payload.expired !== true);
      expect(kept.map(({ id }: { id: string }) => id)).toEqual([later]);
    } finally {
      await own.stop();
    }
  }, 60_000);
});

describe("pre-checking a message", () => {
  const active = async (app: string, body: unknown) => {
    const { status, json } = await send("POST", `/app/${app}/msg/precheck/active`, body);
    return status === 200 ? json : status;
  };

  test("a pre-check reports whether an active endpoint matches the message", async () => {
    const app = await makeApplication(send);
    const eventType = "order.paid";
    await send("POST", "/event-type", { name: eventType, description: "" });
    expect(await active(app, { eventType })).toEqual({ active: false });
    const endpoint = await makeEndpoint(send, app, "https://example.com", {
      eventTypes: [eventType],
      channels: ["eu"],
    });
    expect(await active(app, { eventType, channels: ["eu", "us"] })).toEqual({ active: true });
    expect(await active(app, { eventType, channels: ["us"] })).toEqual({ active: false });
    expect(await active(app, { eventType })).toEqual({ active: false });
    expect(await active(app, { eventType: "order.sent", channels: ["eu"] })).toEqual({ active: false });
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { channels: null });
    expect(await active(app, { eventType, channels: null })).toEqual({ active: true });
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { disabled: true });
    expect(await active(app, { eventType })).toEqual({ active: false });
  });

  test("a pre-check stores nothing and returns 422 for an invalid message", async () => {
    const app = await makeApplication(send);
    await active(app, { eventType: "a" });
    expect((await send("GET", `/app/${app}/msg`)).json.data).toEqual([]);
    for (const body of [{}, { eventType: null }, { eventType: "a b" }, { eventType: "a", channels: [] }, [], "{"]) {
      expect([body, await active(app, body)]).toEqual([body, 422]);
    }
  });
});

const clients = [
  ["2.x", () => new Svix(ROOT_TOKEN, { serverUrl: server.url })],
  ["1.x", () => new Svix1(ROOT_TOKEN, { serverUrl: server.url }) as unknown as Svix],
] as const;

for (const [version, makeClient] of clients) {
  test(`the Svix client ${version} can pre-check and expunge messages`, async () => {
    const svix = makeClient();
    const app = await makeApplication(send);
    const message = await sendMessage(send, app);
    expect(await svix.message.precheck(app, { eventType: "a" })).toEqual({ active: false });
    // The 1.x client has no such method.
    if (version === "2.x") {
      const { results } = await svix.message.bulkExpungeContent(app, { ids: [message, "nope"] });
      expect(results).toEqual({ [message]: "expunged", nope: "not-found" } as never);
    }
    const started = await svix.message.expungeAllContents(app);
    expect(String(started.task)).toBe("application.purge_content");
    const task = await until(
      () => svix.backgroundTask.get(started.id),
      ({ status }) => String(status) === "finished",
    );
    expect(task.data).toEqual({ messagesPurged: version === "2.x" ? 0 : 1 });
    expect(await payloadOf(app, message)).toEqual(EXPIRED);
  });
}
