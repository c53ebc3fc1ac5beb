import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
let receiver: Receiver;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
  receiver = startReceiver();
});
afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  await server.stop();
});

const ABOVE_TEN = { payload: { amount: { $gt: 10 } } };
const since = new Date(Date.now() - 3_600_000).toISOString();

/** Returns the ids of the endpoints that have a delivery of a message. */
async function recipientsOf(app: string, id: string): Promise<string[]> {
  const { json } = await send("GET", `/app/${app}/msg/${id}/recipients`);
  const got = json.data.filter(({ delivery }: { delivery: unknown }) => delivery !== null);
  return got.map(({ endpoint }: { endpoint: { id: string } }) => endpoint.id).sort();
}

async function messageIn(app: string, payload: unknown, fields: object = {}): Promise<string> {
  return sendMessage(send, app, { payload, ...fields });
}

describe("the field `filter` of an endpoint", () => {
  test("the filters of one application have a limit together, which other changes need not respect", async () => {
    const app = await makeApplication(send);
    const path = `/app/${app}/endpoint`;
    const large = (i: number) => ({ payload: { a: `${i}${"x".repeat(60_000)}` } });
    const create = (filter: object | null) => send("POST", path, { url: receiver.url, filter });
    for (let i = 0; i < 17; i++) expect((await create(large(i))).status).toBe(201);
    const refused = await create(large(17));
    const problem = { loc: ["body", "filter"], msg: expect.stringContaining("They may have 1048576.") };
    expect([refused.status, refused.json.detail[0]]).toEqual([422, expect.objectContaining(problem)]);
    const { status, json } = await create(null);
    expect(status).toBe(201);
    for (const method of ["PUT", "PATCH"]) {
      const changed = await send(method, `${path}/${json.id}`, { url: receiver.url, filter: large(17) });
      expect([method, changed.status, changed.json.detail[0].loc]).toEqual([method, 422, ["body", "filter"]]);
    }
    expect((await send("PATCH", `${path}/${json.id}`, { description: "changed" })).status).toBe(200);
    expect((await send("PATCH", `${path}/${json.id}`, { filter: { payload: { a: 1 } } })).status).toBe(200);
  });

  test("a filter is shown as it was sent, with its numbers, by every operation", async () => {
    const app = await makeApplication(send);
    const text = '{"payload":{"id":9007199254740993,"rate":1.50,"x":{"$in":[1e2,"a"]}}}';
    const body = `{"url":"${receiver.url}","filter": ${text} }`;
    const created = await send("POST", `/app/${app}/endpoint`, body);
    expect([created.status, created.text]).toEqual([201, expect.stringContaining(`"filter":${text}`)]);
    const path = `/app/${app}/endpoint/${created.json.id}`;
    expect((await send("GET", path)).text).toContain(`"filter":${text}`);
    expect((await send("GET", `/app/${app}/endpoint`)).text).toContain(`"filter":${text}`);
    expect((await send("PATCH", path, { description: "x" })).text).toContain(`"filter":${text}`);
    const other = '{"eventType":"a.b"}';
    expect((await send("PATCH", path, `{"filter":${other}}`)).text).toContain(`"filter":${other}`);
    expect((await send("PUT", path, body)).text).toContain(`"filter":${text}`);
    expect((await send("PUT", path, { url: receiver.url })).json.filter).toBeNull();
    expect((await send("PATCH", path, { filter: null })).json.filter).toBeNull();
  });

  test("an invalid filter is refused with the place of the mistake and changes nothing", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, receiver.url, { filter: ABOVE_TEN });
    const path = `/app/${app}/endpoint`;
    const filter = { payload: { amount: { $foo: 1 } } };
    const loc = ["body", "filter", "payload", "amount", "$foo"];
    for (const [method, where] of [
      ["POST", path],
      ["PUT", `${path}/${endpoint}`],
      ["PATCH", `${path}/${endpoint}`],
      ["POST", `${path}/${endpoint}/filter/test`],
      ["POST", `${path}/${endpoint}/filter/preview`],
    ] as const) {
      const { status, json } = await send(method, where, { url: receiver.url, filter, payload: {} });
      expect([where, status, json.detail?.[0]?.loc]).toEqual([where, 422, loc]);
    }
    for (const wrong of [5, "x", [], true]) {
      expect((await send("PATCH", `${path}/${endpoint}`, { filter: wrong })).status).toBe(422);
    }
    expect((await send("GET", `${path}/${endpoint}`)).json.filter).toEqual(ABOVE_TEN);
  });

  test("endpoints for operational webhooks have no filter", async () => {
    const sent = { url: receiver.url, filter: { eventType: "nothing" } };
    const { status, json, headers } = await send("POST", "/operational-webhook/endpoint", sent);
    expect([status, "filter" in json, headers.get("boathook-ignored")]).toEqual([201, false, "filter"]);
    await send("DELETE", `/operational-webhook/endpoint/${json.id}`);
  });
});

describe("messages that a filter excludes", () => {
  test("an endpoint has no delivery of a message that its filter does not match, and the recipients say why", async () => {
    const app = await makeApplication(send);
    const all = await makeEndpoint(send, app, receiver.url);
    const some = await makeEndpoint(send, app, receiver.url, { filter: ABOVE_TEN });
    const low = await messageIn(app, { amount: 10 });
    const high = await messageIn(app, { amount: 11 });
    expect(await recipientsOf(app, low)).toEqual([all]);
    expect(await recipientsOf(app, high)).toEqual([all, some].sort());
    const { json } = await send("GET", `/app/${app}/msg/${low}/recipients`);
    expect(json.data[0]).toMatchObject({ endpoint: { id: some }, missed: { reason: "filter", certain: true } });
  });

  test("big integers are compared exactly", async () => {
    const app = await makeApplication(send);
    const body = `{"url":"${receiver.url}","filter":{"payload":{"id":9007199254740993}}}`;
    const { id } = (await send("POST", `/app/${app}/endpoint`, body)).json;
    for (const [number, wanted] of [
      ["9007199254740992", []],
      ["9007199254740993", [id]],
      ["9007199254740993.0", [id]],
    ] as const) {
      const message = await send("POST", `/app/${app}/msg`, `{"eventType":"a","payload":{"id":${number}}}`);
      expect([number, await recipientsOf(app, message.json.id)]).toEqual([number, [...wanted]]);
    }
  });

  test("filters look at the headers and the raw payload of a message", async () => {
    const app = await makeApplication(send);
    const eu = await makeEndpoint(send, app, receiver.url, { filter: { headers: { "X-Region": "eu" } } });
    const json = await makeEndpoint(send, app, receiver.url, { filter: { payload: {} } });
    const params = { headers: { "x-region": "eu", "content-type": "text/plain" } };
    const plain = await messageIn(app, {}, { transformationsParams: { ...params, rawPayload: "no JSON" } });
    expect(await recipientsOf(app, plain)).toEqual([eu]);
    const raw = await messageIn(app, {}, { transformationsParams: { rawPayload: "[1]" } });
    expect(await recipientsOf(app, raw)).toEqual([json]);
  });

  test("filters apply to each message of a batch, and to scheduled messages when they are accepted", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, receiver.url, { filter: ABOVE_TEN });
    const messages = [5, 15, 7, 20].map((amount) => ({ eventType: "a", payload: { amount } }));
    const { json } = await send("POST", `/app/${app}/msg/batch`, { messages });
    const got = [];
    for (const { id } of json.data) got.push((await recipientsOf(app, id)).length);
    expect(got).toEqual([0, 1, 0, 1]);
    const deliverAt = new Date(Date.now() + 3_600_000).toISOString();
    const scheduled = await messageIn(app, { amount: 15 }, { deliverAt });
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { filter: { eventType: "other" } });
    expect(await recipientsOf(app, scheduled)).toEqual([endpoint]);
    expect(await recipientsOf(app, await messageIn(app, { amount: 15 }, { deliverAt }))).toEqual([]);
  });

  test("a changed filter counts for messages that are accepted after the response", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, receiver.url);
    for (const [filter, count] of [
      [ABOVE_TEN, 0],
      [{ payload: { amount: { $lt: 10 } } }, 1],
      [ABOVE_TEN, 0],
      [null, 1],
    ] as const) {
      await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { filter });
      const id = await messageIn(app, { amount: 5 });
      expect([filter, (await recipientsOf(app, id)).length]).toEqual([filter, count]);
    }
  });

  test("a payload of 2 MiB is filtered by its last field", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, receiver.url, { filter: { payload: { last: "é" } } });
    const padding = "x".repeat(1024 * 1024);
    const id = await messageIn(app, { padding, list: Array(50_000).fill([1, "a"]), last: "é" });
    expect(await recipientsOf(app, id)).toEqual([endpoint]);
    expect(await recipientsOf(app, await messageIn(app, { padding, last: "e" }))).toEqual([]);
  });

  test("endpoints of a source filter what the sender sent", async () => {
    const settings = { name: "any", uid: freshUid("source"), type: "generic-webhook", config: {} };
    const source = (await send("POST", "/ingest/api/v1/source", settings)).json;
    const path = `/ingest/api/v1/source/${source.id}/endpoint`;
    const filter = { headers: { "x-kind": { $startsWith: "order" } }, payload: { amount: { $gte: 10 } } };
    const made = await send("POST", path, { url: receiver.url, filter });
    expect([made.status, made.json?.filter]).toEqual([201, filter]);
    const post = async (kind: string, body: string) => {
      const response = await fetch(source.ingestUrl, { method: "POST", headers: { "X-Kind": kind }, body });
      expect(response.status).toBeLessThan(300);
    };
    const before = receiver.received.length;
    await post("user", '{"amount": 99}');
    await post("order.paid", '{"amount": 9}');
    await post("order.paid", "not JSON");
    await post("order.paid", '{"amount": 10.0, "last": true}');
    const got = await until(
      async () => receiver.received.slice(before).map(({ body }) => String(body)),
      (bodies) => bodies.some((body) => body.includes("last")),
    );
    expect(got).toEqual(['{"amount": 10.0, "last": true}']);
    const test = await send("POST", `${path}/${made.json.id}/filter/test`, { payload: { amount: 10 }, headers: {} });
    expect(test.json).toEqual({
      matches: false,
      because: 'headers.x-kind: it is missing, so it does not start with "order"',
    });
  });
});

describe("sending again to an endpoint with a filter", () => {
  test("a resend of a message that the filter does not match now is refused and says why", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, receiver.url);
    const id = await messageIn(app, { amount: 5 });
    await attemptsOf(send, app, id);
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { filter: ABOVE_TEN });
    const path = `/app/${app}/msg/${id}/endpoint/${endpoint}/resend`;
    const refused = await send("POST", path);
    expect([refused.status, refused.json.code]).toEqual([400, "filtered"]);
    expect(refused.json.detail).toContain("payload.amount: 5 is not > 10");
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { filter: null });
    expect((await send("POST", path)).status).toBe(202);
  });

  test("recover, replay-missing and bulk-replay skip messages that the filter does not match now", async () => {
    await using failing = startReceiver(withStatus(500));
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, failing.url);
    for (const amount of [5, 15, 25]) await attemptsOf(send, app, await messageIn(app, { amount }));
    const later = await makeEndpoint(send, app, failing.url, { filter: ABOVE_TEN });
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { filter: ABOVE_TEN });
    for (const [verb, target] of [
      ["recover", endpoint],
      ["bulk-replay", endpoint],
      ["replay-missing", later],
    ] as const) {
      const path = `/app/${app}/endpoint/${target}/${verb}`;
      expect([verb, (await send("POST", path, { since, dryRun: true })).json.count]).toEqual([verb, 2]);
      const { json } = await send("POST", path, { since });
      const task = await until(
        async () => (await send("GET", `/background-task/${json.id}`)).json,
        ({ status }) => status !== "running",
      );
      expect([verb, task.status, task.data.messagesSent]).toEqual([verb, "finished", 2]);
      await until(
        async () => (await send("GET", `/app/${app}/dead-letter?endpoint_id=${target}`)).json.data.length,
        (count) => count >= 2,
      );
    }
  });

  test("a redrive of dead letters does not look at the filter", async () => {
    await using failing = startReceiver(withStatus(500));
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, failing.url);
    await attemptsOf(send, app, await messageIn(app, { amount: 5 }));
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { filter: ABOVE_TEN });
    const body = { filter: { endpointId: endpoint, appId: app }, dryRun: true };
    const { json } = await until(
      () => send("POST", "/dead-letter/redrive", body),
      (answer) => answer.json.count === 1,
    );
    expect(json.count).toBe(1);
  });
});

describe("testing a filter", () => {
  test("a test says whether a payload matches, and because of what", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, receiver.url, { filter: ABOVE_TEN });
    const path = `/app/${app}/endpoint/${endpoint}/filter/test`;
    const ask = async (body: unknown) => {
      const { status, json } = await send("POST", path, body);
      return [status, json.matches, json.because];
    };
    expect(await ask({ filter: ABOVE_TEN, payload: { amount: 5 } })).toEqual([
      200,
      false,
      "payload.amount: 5 is not > 10",
    ]);
    expect(await ask({ payload: { amount: 15 } })).toEqual([200, true, "payload.amount: 15 is > 10"]);
    expect(await ask({ filter: { eventType: "a" }, payload: null, eventType: "a" })).toEqual([
      ...[200, true, 'eventType: "a" is = "a"'],
    ]);
    expect(await ask({ filter: null, payload: 1 })).toEqual([200, true, "There is no filter."]);
    const exact = '{"filter":{"payload":9007199254740993},"payload":9007199254740992}';
    expect(await ask(exact)).toEqual([200, false, "payload: 9007199254740992 is not = 9007199254740993"]);
  });

  test("a test takes a stored message, with its event type and headers", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, receiver.url);
    const path = `/app/${app}/endpoint/${endpoint}/filter/test`;
    const params = { transformationsParams: { headers: { "x-a": "1" } }, eventType: "order.paid", eventId: "e-1" };
    const id = await messageIn(app, { amount: 5 }, params);
    const filter = { headers: { "x-a": "1" }, eventType: "order.paid", payload: { amount: 5 } };
    for (const messageId of [id, "e-1"]) {
      expect((await send("POST", path, { filter, messageId })).json.matches).toBe(true);
    }
    const other = await send("POST", path, { filter, messageId: id, headers: { "x-a": "2" } });
    expect(other.json).toEqual({ matches: false, because: 'headers.x-a: "2" is not = "1"' });
    expect((await send("POST", path, { filter, messageId: "unknown" })).status).toBe(404);
    const both = await send("POST", path, { filter, messageId: id, payload: {} });
    expect([both.status, both.json.detail[0].loc]).toEqual([422, ["body", "messageId"]]);
    const none = await send("POST", path, { filter });
    expect([none.status, none.json.detail[0].loc]).toEqual([422, ["body", "payload"]]);
  });

  test("a preview tests a filter on stored messages that the endpoint subscribes to, newest first", async () => {
    const app = await makeApplication(send);
    await send("POST", "/event-type", { name: "order.paid", description: "" });
    const endpoint = await makeEndpoint(send, app, receiver.url, { eventTypes: ["order.paid"] });
    const ids: string[] = [];
    for (const amount of [5, 15, 25]) ids.push(await messageIn(app, { amount }, { eventType: "order.paid" }));
    await messageIn(app, { amount: 99 }, { eventType: "other" });
    const path = `/app/${app}/endpoint/${endpoint}/filter/preview`;
    const { json } = await send("POST", path, { filter: ABOVE_TEN });
    expect(json).toMatchObject({ tested: 3, matching: 2 });
    expect(json.data.map(({ id, because }: Record<string, string>) => [id, because])).toEqual([
      [ids[2], "payload.amount: 25 is > 10"],
      [ids[1], "payload.amount: 15 is > 10"],
      [ids[0], "payload.amount: 5 is not > 10"],
    ]);
    expect((await send("POST", path, { filter: ABOVE_TEN, limit: 1 })).json.tested).toBe(1);
    expect((await send("POST", path, { limit: 101 })).status).toBe(422);
  });

  test("a test does not show messages or filters of another application", async () => {
    const [app, other] = [await makeApplication(send), await makeApplication(send)];
    const endpoint = await makeEndpoint(send, app, receiver.url, { filter: ABOVE_TEN });
    const id = await messageIn(other, { amount: 5 });
    const path = `/app/${app}/endpoint/${endpoint}/filter`;
    expect((await send("POST", `${path}/test`, { messageId: id })).status).toBe(404);
    expect((await send("POST", `${path}/preview`, {})).json.tested).toBe(0);
    const { json } = await send("POST", `/auth/app-portal-access/${other}`, {});
    const token = new URL(json.url).hash.match(/token=([^&]+)/)?.[1] ?? json.token;
    for (const verb of ["test", "preview"]) {
      expect((await send("POST", `${path}/${verb}`, { payload: {} }, { token })).status).toBe(404);
    }
    const own = await makeEndpoint(send, other, receiver.url, { filter: ABOVE_TEN });
    const allowed = await send("POST", `/app/${other}/endpoint/${own}/filter/test`, { messageId: id }, { token });
    expect(allowed.json).toEqual({ matches: false, because: "payload.amount: 5 is not > 10" });
  });
});
