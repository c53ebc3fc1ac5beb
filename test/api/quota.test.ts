import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Answer, clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { awayFromMidnight } from "../support/midnight.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Tests the quotas of applications: endpoints, messages per day and stored bytes. */

const URL_OF_NOBODY = "http://127.0.0.1:9/";
const DAY_MS = 86_400_000;

async function limited(send: Send, quota: object): Promise<string> {
  const uid = freshUid("limited");
  const { status, text } = await send("POST", "/app", { name: uid, uid, quota });
  if (status !== 201) throw new Error(`The application was not created: ${status} ${text}`);
  return uid;
}

const message = (change: object = {}) => ({ eventType: "a", payload: {}, ...change });

function expectExceeded({ status, json }: Answer, expected: number, ...words: readonly string[]): void {
  expect([status, json?.code]).toEqual([expected, "quota_exceeded"]);
  for (const word of words) expect(json.detail).toContain(word);
}

describe("quotas of applications", () => {
  let server: TestServer;
  let send: Send;
  beforeAll(async () => {
    await awayFromMidnight();
    server = await startServer();
    send = clientOf(server.url);
  });
  afterAll(() => server.stop());

  const used = async (app: string) => {
    const { json } = await send("GET", `/app/${app}/quota`);
    return [json.messagesPerDay.used, json.storedBytes.used];
  };

  test("the quota of an application is null at first, and POST, PUT and PATCH set it", async () => {
    const app = await makeApplication(send);
    expect((await send("GET", `/app/${app}`)).json.quota).toBeNull();
    const patched = await send("PATCH", `/app/${app}`, { quota: { messagesPerDay: 5 } });
    expect(patched.json.quota).toEqual({ endpoints: null, messagesPerDay: 5, storedBytes: null });
    expect((await send("PATCH", `/app/${app}`, { name: "other" })).json.quota.messagesPerDay).toBe(5);
    expect((await send("PATCH", `/app/${app}`, { quota: { endpoints: 1 } })).json.quota.messagesPerDay).toBeNull();
    const put = { name: "a", uid: app, quota: { storedBytes: 1000, endpoints: null } };
    expect((await send("PUT", `/app/${app}`, put)).json.quota.storedBytes).toBe(1000);
    expect((await send("PUT", `/app/${app}`, { name: "a", uid: app })).json.quota).toBeNull();
    expect((await send("PATCH", `/app/${app}`, { quota: {} })).json.quota).toBeNull();
    expect((await send("PATCH", `/app/${app}`, { quota: { endpoints: null } })).json.quota).toBeNull();
  });

  test("limits that are not whole numbers in their range are refused with their place", async () => {
    for (const quota of [{ endpoints: -1 }, { messagesPerDay: 1.5 }, { storedBytes: 2 ** 51 }, { endpoints: "many" }]) {
      const { status, json } = await send("POST", "/app", { name: "a", quota });
      expect([status, json.detail[0].loc]).toEqual([422, ["body", "quota", Object.keys(quota)[0]]]);
    }
    for (const quota of [5, "none", [], true]) {
      const { status, json } = await send("POST", "/app", { name: "a", quota });
      expect([status, json.detail[0].loc]).toEqual([422, ["body", "quota"]]);
    }
    const { status, headers } = await send("POST", "/app", { name: "a", quota: { messagesperday: 5 } });
    expect([status, headers.get("boathook-ignored")]).toEqual([201, "quota.messagesperday"]);
  });

  test("a token of the application reads its quota and usage and cannot change them", async () => {
    const app = await limited(send, { endpoints: 2, messagesPerDay: 5 });
    const token = await server.createToken("--app", app);
    for (const change of [{ quota: null }, { quota: { endpoints: 100 } }]) {
      expect((await send("PATCH", `/app/${app}`, change, { token })).status).toBe(403);
      expect((await send("PUT", `/app/${app}`, { name: "a", ...change }, { token })).status).toBe(403);
    }
    expect((await send("GET", `/app/${app}`, undefined, { token })).json.quota.endpoints).toBe(2);
    await send("POST", `/app/${app}/msg`, message());
    const { json } = await send("GET", `/app/${app}/quota`, undefined, { token });
    expect(json).toEqual({
      endpoints: { used: 0, limit: 2 },
      messagesPerDay: {
        used: 1,
        limit: 5,
        endsAt: new Date(DAY_MS * (Math.floor(Date.now() / DAY_MS) + 1)).toISOString(),
      },
      storedBytes: { used: 2, limit: null },
    });
  });

  test("nothing is counted for an application without a quota of messages or bytes", async () => {
    const app = await limited(send, { endpoints: 2 });
    await send("POST", `/app/${app}/msg`, message());
    expect((await send("GET", `/app/${app}/quota`)).json).toEqual({
      endpoints: { used: 0, limit: 2 },
      messagesPerDay: { used: null, limit: null, endsAt: null },
      storedBytes: { used: null, limit: null },
    });
  });

  test("creating an endpoint beyond the quota returns 403 until another is deleted, also concurrently and by PUT", async () => {
    const app = await limited(send, { endpoints: 2 });
    const path = `/app/${app}/endpoint`;
    const create = () => send("POST", path, { url: URL_OF_NOBODY });
    const created = await Promise.all(Array.from({ length: 6 }, create));
    expect(created.filter(({ status }) => status === 201)).toHaveLength(2);
    for (const refused of created.filter(({ status }) => status !== 201))
      expectExceeded(refused, 403, "2 endpoints", "quota endpoints is 2");
    const uid = freshUid("ep");
    expectExceeded(await send("PUT", `${path}/${uid}`, { url: URL_OF_NOBODY }), 403);
    const { id } = created.find(({ status }) => status === 201)!.json;
    expect((await send("PUT", `${path}/${id}`, { url: `${URL_OF_NOBODY}other` })).status).toBe(200);
    expect((await send("DELETE", `${path}/${id}`)).status).toBe(204);
    expect((await create()).status).toBe(201);
    await send("PATCH", `/app/${app}`, { quota: { endpoints: 0 } });
    expectExceeded(await create(), 403, "2 endpoints", "quota endpoints is 0");
  });

  test("messages beyond the daily quota return 429 with the time until midnight UTC and are not stored", async () => {
    const app = await limited(send, { messagesPerDay: 3 });
    const path = `/app/${app}/msg`;
    const answers = await Promise.all(Array.from({ length: 10 }, () => send("POST", path, message())));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(3);
    const refused = answers.find(({ status }) => status !== 202)!;
    expectExceeded(refused, 429, "3 messages", "quota messagesPerDay is 3");
    const today = Math.floor(Date.now() / DAY_MS);
    const endsAt = (today + 1) * DAY_MS;
    expect(refused.json.detail).toContain(`Send again after ${new Date(endsAt).toISOString()}`);
    const seconds = Number(refused.headers.get("retry-after"));
    expect(seconds * 1000).toBeGreaterThanOrEqual(endsAt - Date.now());
    expect(seconds * 1000).toBeLessThanOrEqual(DAY_MS);
    expect((await send("GET", path)).json.data).toHaveLength(3);
    await send("PATCH", `/app/${app}`, { quota: { messagesPerDay: 4 } });
    expect((await send("POST", path, message())).status).toBe(202);
    expectExceeded(await send("POST", path, message()), 429, "4 messages");
  });

  test("messages of a batch beyond the quota fail alone", async () => {
    const app = await limited(send, { messagesPerDay: 3, storedBytes: 1000 });
    const payload = { text: "x".repeat(990) };
    const messages = [message(), message({ payload }), message(), message({ eventType: "" }), message(), message()];
    const { status, json } = await send("POST", `/app/${app}/msg/batch`, { messages });
    expect(status).toBe(202);
    const codes = json.data.map((item: { readonly code?: string }) => item.code ?? "stored");
    expect(codes).toEqual(["stored", "quota_exceeded", "stored", "validation_error", "stored", "quota_exceeded"]);
    expect(json.data[1].detail).toContain("storedBytes");
    expect(json.data[5].detail).toContain("messagesPerDay");
    expect(await used(app)).toEqual([3, 6]);
  });

  test("a payload beyond the stored bytes returns 403, and expunging a message makes room", async () => {
    const app = await limited(send, { storedBytes: 100 });
    const payload = { text: "x".repeat(60) };
    const first = await send("POST", `/app/${app}/msg`, message({ payload }));
    expect(first.status).toBe(202);
    expectExceeded(await send("POST", `/app/${app}/msg`, message({ payload })), 403, "71 bytes", "storedBytes of 100");
    expect((await send("POST", `/app/${app}/msg`, message())).status).toBe(202);
    await send("DELETE", `/app/${app}/msg/${first.json.id}/content`);
    expect(await used(app)).toEqual([2, 2]);
    const again = await send("POST", `/app/${app}/msg`, message({ payload }));
    expect(again.status).toBe(202);
    await send("POST", `/app/${app}/msg/expunge-all-contents`);
    await until(
      () => used(app),
      ([, bytes]) => bytes === 0,
    );
    expect(await used(app)).toEqual([3, 0]);
  });

  test("a repeated idempotency key gets the first response even when the quota is used up, and does not count", async () => {
    const app = await limited(send, { messagesPerDay: 1 });
    const headers = { "idempotency-key": freshUid("key") };
    const first = await send("POST", `/app/${app}/msg`, message(), { headers });
    const second = await send("POST", `/app/${app}/msg`, message(), { headers });
    expect([second.status, second.json.id]).toEqual([202, first.json.id]);
    const other = { headers: { "idempotency-key": freshUid("key") } };
    expectExceeded(await send("POST", `/app/${app}/msg`, message(), other), 429);
    await send("PATCH", `/app/${app}`, { quota: { messagesPerDay: 2 } });
    expect((await send("POST", `/app/${app}/msg`, message(), other)).status).toBe(202);
    expect(await used(app)).toEqual([2, 4]);
  });

  test("an example counts like a message, and resending a message does not", async () => {
    const app = await limited(send, { messagesPerDay: 2 });
    const { json: endpoint } = await send("POST", `/app/${app}/endpoint`, { url: `${server.url}/inbox/quota-resend` });
    const { json: sent } = await send("POST", `/app/${app}/msg`, message());
    for (const _ of [1, 2, 3])
      expect((await send("POST", `/app/${app}/msg/${sent.id}/endpoint/${endpoint.id}/resend`)).status).toBe(202);
    expect((await used(app))[0]).toBe(1);
    const example = () => send("POST", `/app/${app}/endpoint/${endpoint.id}/send-example`, { eventType: "svix.ping" });
    expect((await example()).status).toBe(200);
    expectExceeded(await example(), 429, "2 messages");
  });

  test("the counts survive a crash, and messages from before the quota are counted", async () => {
    const app = await makeApplication(send);
    await send("POST", `/app/${app}/msg/batch`, { messages: Array.from({ length: 5 }, () => message()) });
    await send("PATCH", `/app/${app}`, { quota: { messagesPerDay: 7 } });
    expect((await send("POST", `/app/${app}/msg`, message())).status).toBe(202);
    await server.restart();
    expect(await used(app)).toEqual([6, 12]);
    expect((await send("POST", `/app/${app}/msg`, message())).status).toBe(202);
    expectExceeded(await send("POST", `/app/${app}/msg`, message()), 429, "7 messages");
  });

  test("an application that is created by its first message gets the quota in the request", async () => {
    const uid = freshUid("on-demand");
    const application = { uid, name: uid, quota: { messagesPerDay: 1 } };
    expect((await send("POST", `/app/${uid}/msg`, message({ application }))).status).toBe(202);
    expectExceeded(await send("POST", `/app/${uid}/msg`, message({ application })), 429);
  });

  test("what quotas refuse is counted by metrics", async () => {
    const metric = async (quota: string) => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return Number(new RegExp(`^boathook_quota_exceeded_total\\{quota="${quota}"\\} (\\d+)$`, "m").exec(text)![1]);
    };
    const before = [await metric("endpoints"), await metric("messagesPerDay"), await metric("storedBytes")];
    const app = await limited(send, { endpoints: 0, messagesPerDay: 1, storedBytes: 4 });
    await send("POST", `/app/${app}/endpoint`, { url: URL_OF_NOBODY });
    await send("POST", `/app/${app}/msg`, message({ payload: { long: true } }));
    await send("POST", `/app/${app}/msg`, message());
    for (const _ of [1, 2]) await send("POST", `/app/${app}/msg`, message());
    const after = [await metric("endpoints"), await metric("messagesPerDay"), await metric("storedBytes")];
    expect(after.map((count, i) => count - before[i]!)).toEqual([1, 2, 1]);
  });
});

describe("the default quotas", () => {
  test("they apply to applications without their own, not to sources and operational endpoints", async () => {
    await awayFromMidnight();
    const args = ["--quota-endpoints=1", "--quota-messages-per-day=2", "--quota-stored-bytes=1KiB"];
    const server = await startServer(args);
    try {
      const send = clientOf(server.url);
      const app = await makeApplication(send);
      const { json } = await send("GET", `/app/${app}/quota`);
      expect([json.endpoints.limit, json.messagesPerDay.limit, json.storedBytes.limit]).toEqual([1, 2, 1024]);
      expect((await send("GET", `/app/${app}`)).json.quota).toBeNull();
      const own = await limited(send, { endpoints: 3, messagesPerDay: 4 });
      for (const [uid, endpoints, messages] of [
        [app, 1, 2],
        [own, 3, 4],
      ] as const) {
        const path = `/app/${uid}`;
        for (let i = 0; i < endpoints; i++)
          expect((await send("POST", `${path}/endpoint`, { url: URL_OF_NOBODY })).status).toBe(201);
        expectExceeded(await send("POST", `${path}/endpoint`, { url: URL_OF_NOBODY }), 403);
        for (let i = 0; i < messages; i++) expect((await send("POST", `${path}/msg`, message())).status).toBe(202);
        expectExceeded(await send("POST", `${path}/msg`, message()), 429);
      }
      const big = message({ payload: { text: "x".repeat(1024) } });
      expectExceeded(await send("POST", `/app/${await makeApplication(send)}/msg`, big), 403, "storedBytes of 1024");

      const source = (await send("POST", "/ingest/api/v1/source", { name: "s", type: "generic-webhook" })).json;
      const { pathname } = new URL(source.ingestUrl);
      for (let i = 0; i < 5; i++) {
        const received = await fetch(server.url + pathname, { method: "POST", body: `{"n":${i}}` });
        expect(received.status).toBe(200);
        const endpoint = { url: URL_OF_NOBODY };
        expect((await send("POST", `/ingest/api/v1/source/${source.id}/endpoint`, endpoint)).status).toBe(201);
        expect((await send("POST", "/operational-webhook/endpoint", endpoint)).status).toBe(201);
      }
      const { json: ofSource } = await send("GET", `/app/${source.appId}/quota`);
      expect([ofSource.endpoints, ofSource.messagesPerDay.limit]).toEqual([{ used: 5, limit: null }, null]);
    } finally {
      await server.stop();
    }
  });

  test("what is sent while a default is not set counts when it is set again", async () => {
    await awayFromMidnight();
    const server = await startServer();
    try {
      const send = clientOf(server.url);
      const app = await makeApplication(send);
      const sent = async (count: number) => {
        for (let i = 0; i < count; i++) expect((await send("POST", `/app/${app}/msg`, message())).status).toBe(202);
      };
      const used = async () => (await send("GET", `/app/${app}/quota`)).json.messagesPerDay.used;
      await sent(1);
      await server.restart({ BOATHOOK_QUOTA_MESSAGES_PER_DAY: "3" });
      await sent(1);
      expect(await used()).toBe(2);
      await server.restart();
      expect(await used()).toBeNull();
      await sent(3);
      await server.restart({ BOATHOOK_QUOTA_MESSAGES_PER_DAY: "6" });
      await sent(1);
      expect(await used()).toBe(6);
      expectExceeded(await send("POST", `/app/${app}/msg`, message()), 429, "6 messages");
    } finally {
      await server.stop();
    }
  });
});
