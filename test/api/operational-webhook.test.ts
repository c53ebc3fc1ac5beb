import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { Svix } from "svix";
import { Svix as Svix1 } from "svix1";
import { type Answer, clientOf, freshUid, type Send, sameAtOnce } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { heldBack, type Received, type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

/**
 * Tests operational endpoints and the events that they get. Each test has a separate environment.
 */

const LIST = "/operational-webhook/endpoint";
/** A schedule with six attempts in quick succession. */
const SCHEDULE = "10ms,10ms,10ms,10ms,10ms";

let server: TestServer;
let receiver: Receiver;
beforeAll(async () => {
  server = await startServer([`--retry-schedule=${SCHEDULE}`, "--retry-jitter=0"]);
  receiver = startReceiver();
  receiver.answering = (request) =>
    new Response(null, { status: Number(/status-(\d+)/.exec(request.path)?.[1] ?? 204) });
});
afterAll(async () => {
  await server.stop();
  await receiver[Symbol.asyncDispose]();
});

interface Event {
  readonly type: string;
  readonly data: Record<string, unknown>;
}

interface Operator {
  readonly token: string;
  readonly send: Send;
  readonly endpoint: Answer["json"];
  readonly path: string;
  /** Returns the events received so far, after verifying their signatures. */
  events(): Event[];
  /**
   * Waits for `count` events of a type, or of any type if null. Verifies the events and returns
   * them in order of acceptance.
   */
  waitFor(type: string | null, count?: number): Promise<Event[]>;
}

const idOf: Readonly<Record<string, string>> = { app: "^app_", endpoint: "^ep_", message: "^msg_", attempt: "^atmpt_" };
const anId = (thing: string) => expect.stringMatching(new RegExp(`${idOf[thing]}[A-Za-z0-9]{27}$`));
const anInstant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

async function newEnvironment(): Promise<{ token: string; send: Send }> {
  const token = await server.createToken("--environment", freshUid("env"));
  const plain = clientOf(server.url);
  return { token, send: (method, path, body, options) => plain(method, path, body, { token, ...options }) };
}

async function operator(fields: object = {}, environment = newEnvironment()): Promise<Operator> {
  const { token, send } = await environment;
  const path = `/${freshUid("ops")}`;
  const { json: endpoint } = await send("POST", LIST, { url: receiver.url + path, ...fields });
  const webhook = new Webhook((await send("GET", `${LIST}/${endpoint.id}/secret`)).json.key);
  const verified = ({ body, headers }: Received) =>
    webhook.verify(body.toString(), Object.fromEntries(headers)) as Event;
  const typeOf = ({ body }: Received) => JSON.parse(body.toString()).type;
  return {
    token,
    send,
    endpoint,
    path,
    events: () => receiver.received.filter((request) => request.path === path).map(verified),
    async waitFor(type, count = 1) {
      const requests = await receiver.arrived(
        count,
        (request) => request.path === path && (type === null || typeOf(request) === type),
      );
      return requests.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(verified);
    },
  };
}

/**
 * Creates an application with one endpoint. With `status-N` in its path, the endpoint responds with
 * that status.
 */
async function customer(send: Send, path = `/${freshUid("customer")}`, fields: object = {}) {
  const uid = freshUid("app");
  const { json: app } = await send("POST", "/app", { name: uid, uid });
  const { json: endpoint } = await send("POST", `/app/${uid}/endpoint`, { url: receiver.url + path, ...fields });
  return { uid, app, endpoint, at: `/app/${uid}/endpoint/${endpoint.id}` };
}

async function sendMessage(send: Send, app: string, eventId: string | null = null): Promise<string> {
  const message = { eventType: "user.signup", payload: { a: 1 }, ...(eventId !== null && { eventId }) };
  return (await send("POST", `/app/${app}/msg`, message)).json.id;
}

/**
 * Causes another event and waits for it. Events that were accepted earlier have been sent by then.
 */
async function flushEvents({ send, waitFor }: Operator): Promise<void> {
  const { json } = await send("POST", "/app", { name: "marker" });
  await send("POST", `/app/${json.id}/endpoint`, { url: receiver.url, uid: "marker" });
  for (let count = 1; ; count++) {
    const heard = await waitFor("endpoint.created", count);
    if (heard.some(({ data }) => data.appId === json.id)) return;
  }
}

describe("endpoint events", () => {
  test("creating, updating, disabling, enabling and deleting an endpoint each cause one event", async () => {
    const { send, waitFor, events } = await operator();
    const { app, endpoint, at, uid } = await customer(send, "/plain", { uid: "mine" });
    await waitFor("endpoint.created");
    await send("PATCH", at, { description: "Changed" });
    await waitFor("endpoint.updated");
    await send("PATCH", at, { disabled: true });
    await waitFor("endpoint.disabled");
    await send("PUT", at, { url: receiver.url, uid: "mine", disabled: false });
    await waitFor("endpoint.enabled");
    await send("DELETE", at);
    await waitFor("endpoint.deleted");

    const data = { appId: app.id, appUid: uid, endpointId: endpoint.id, endpointUid: "mine" };
    const inOrder = (await waitFor(null, 7)).map(({ type }) => type);
    expect(inOrder).toEqual([
      "endpoint.created",
      "endpoint.updated",
      "endpoint.updated",
      "endpoint.disabled",
      "endpoint.updated",
      "endpoint.enabled",
      "endpoint.deleted",
    ]);
    for (const event of events()) {
      const more = event.type === "endpoint.disabled" ? { failSince: null, trigger: "manual" } : {};
      expect(event.data).toEqual({ ...data, ...more });
    }
  });

  test("rotating a secret, changing headers and deleting an application cause endpoint events", async () => {
    const { send, waitFor } = await operator();
    const { app, endpoint, at, uid } = await customer(send);
    await send("POST", `${at}/secret/rotate`, {});
    await send("PATCH", `${at}/headers`, { headers: { "X-A": "1" } });
    expect(await waitFor("endpoint.updated", 2)).toHaveLength(2);
    await send("DELETE", `/app/${uid}`);
    const [deleted] = await waitFor("endpoint.deleted");
    expect(deleted!.data).toEqual({ appId: app.id, appUid: uid, endpointId: endpoint.id, endpointUid: null });
  });

  test("an endpoint that responds with 410 causes one endpoint.disabled event and no message events", async () => {
    const ops = await operator();
    await using gone = startReceiver();
    const { json: app } = await ops.send("POST", "/app", { name: "App" });
    const { json: endpoint } = await ops.send("POST", `/app/${app.id}/endpoint`, { url: gone.url });
    await sendMessage(ops.send, app.id);
    await gone.arrived(1);
    // Several attempts get the 410 at the same time.
    const { answering, give } = heldBack();
    gone.answering = answering;
    for (let i = 0; i < 4; i++) await sendMessage(ops.send, app.id);
    await gone.arrived(5);
    give(withStatus(410));
    const [disabled] = await ops.waitFor("endpoint.disabled");
    expect(disabled!.data).toEqual({
      appId: app.id,
      appUid: null,
      endpointId: endpoint.id,
      endpointUid: null,
      failSince: anInstant,
      trigger: "automatic",
    });
    await flushEvents(ops);
    const types = ops.events().map(({ type }) => type);
    expect(types.sort()).toEqual(["endpoint.created", "endpoint.created", "endpoint.disabled"]);
  });
});

describe("message events", () => {
  test("the fourth failure causes message.attempt.failing and the last causes message.attempt.exhausted", async () => {
    const ops = await operator({ eventTypes: ["message.attempt.failing", "message.attempt.exhausted"] });
    const { send, waitFor } = ops;
    const { app, endpoint, uid } = await customer(send, "/status-503");
    const message = await sendMessage(send, uid, "event-1");
    const [exhausted] = await waitFor("message.attempt.exhausted");
    const [failing] = await waitFor("message.attempt.failing");
    const { data: attempts } = (await send("GET", `/app/${uid}/attempt/msg/${message}`)).json;
    expect(attempts).toHaveLength(6);
    const dataOf = (attempt: Answer["json"]) => ({
      appId: app.id,
      appUid: uid,
      endpointId: endpoint.id,
      endpointUid: null,
      msgId: message,
      msgEventId: "event-1",
      lastAttempt: { id: attempt.id, responseStatusCode: 503, timestamp: attempt.timestamp },
    });
    // The attempts are listed newest first.
    expect(failing!.data).toEqual(dataOf(attempts[2]));
    expect(exhausted!.data).toEqual(dataOf(attempts[0]));
    expect(ops.events()).toHaveLength(2);
  });

  test("a failing message that is finally delivered causes message.attempt.recovered", async () => {
    const { send, waitFor, events } = await operator({
      eventTypes: ["message.attempt.failing", "message.attempt.exhausted", "message.attempt.recovered"],
    });
    let answers = 0;
    await using flaky = startReceiver(() => new Response(null, { status: ++answers > 4 ? 200 : 500 }));
    const { json: app } = await send("POST", "/app", { name: "flaky" });
    const { json: endpoint } = await send("POST", `/app/${app.id}/endpoint`, { url: flaky.url });
    const message = await sendMessage(send, app.id);
    const [recovered] = await waitFor("message.attempt.recovered");
    expect(recovered!.data).toEqual({
      appId: app.id,
      appUid: null,
      endpointId: endpoint.id,
      endpointUid: null,
      msgId: message,
      msgEventId: null,
      lastAttempt: { id: anId("attempt"), responseStatusCode: 200, timestamp: anInstant },
    });
    expect((await waitFor(null, 2)).map(({ type }) => type)).toEqual([
      "message.attempt.failing",
      "message.attempt.recovered",
    ]);
    // A message that is delivered at the first attempt causes no event.
    await sendMessage(send, app.id);
    await flaky.arrived(6);
    expect(events()).toHaveLength(2);
  });

  test("an event about an attempt without a response has the status code 0", async () => {
    const { send, waitFor } = await operator({ eventTypes: ["message.attempt.exhausted"] });
    const { json: app } = await send("POST", "/app", { name: "unreachable" });
    await send("POST", `/app/${app.id}/endpoint`, { url: "http://10.0.0.1/", retrySchedule: [] });
    await sendMessage(send, app.id);
    const [exhausted] = await waitFor("message.attempt.exhausted");
    expect(exhausted!.data.lastAttempt).toMatchObject({ responseStatusCode: 0 });
  });
});

describe("recipients of events", () => {
  test("an event goes only to existing, enabled endpoints that subscribe to its type", async () => {
    const environment = newEnvironment();
    const all = await operator({}, environment);
    const one = await operator({ filterTypes: ["endpoint.deleted"] }, environment);
    const off = await operator({ disabled: true }, environment);
    const gone = await operator({}, environment);
    await all.send("DELETE", `${LIST}/${gone.endpoint.id}`);
    const { at } = await customer(all.send);
    await all.send("DELETE", at);
    await all.waitFor("endpoint.deleted");
    await one.waitFor("endpoint.deleted");
    await flushEvents(all);
    expect(one.events().map(({ type }) => type)).toEqual(["endpoint.deleted"]);
    expect([off.events(), gone.events()]).toEqual([[], []]);
  });

  test("an event goes only to endpoints of the same environment", async () => {
    const [one, other] = await Promise.all([operator(), operator()]);
    await customer(one.send, "/status-500", { retrySchedule: [] }).then(({ uid }) => sendMessage(one.send, uid));
    await one.waitFor("message.attempt.exhausted");
    await flushEvents(other);
    expect(other.events().map(({ type }) => type)).toEqual(["endpoint.created"]);
  });

  test("operational endpoints and deliveries to them cause no events", async () => {
    const ops = await operator();
    const { send, waitFor } = ops;
    const failing = await operator({}, Promise.resolve(ops));
    await send("PUT", `${LIST}/${failing.endpoint.id}`, { url: `${receiver.url}/status-500/ops` });
    await send("PUT", `${LIST}/${failing.endpoint.id}`, { url: `${receiver.url}/status-500/ops`, disabled: true });
    await send("PUT", `${LIST}/${failing.endpoint.id}`, { url: `${receiver.url}/status-500/ops` });
    const { at } = await customer(send);
    await waitFor("endpoint.created");
    // The failed delivery to the operational endpoint becomes an ordinary dead letter.
    for (;;) {
      const { data } = (await send("GET", `/dead-letter?endpoint_id=${failing.endpoint.id}`)).json;
      if (data.length === 1) {
        expect(data[0]).toMatchObject({ eventType: "endpoint.created", reason: "status_5xx", attempts: 6 });
        break;
      }
      await Bun.sleep(10);
    }
    await send("DELETE", `${LIST}/${failing.endpoint.id}`);
    await send("DELETE", at);
    await waitFor("endpoint.deleted");
    expect(ops.events().map(({ type }) => type)).toEqual(["endpoint.created", "endpoint.deleted"]);
  });

  test("after a restart, pending events and new events are sent", async () => {
    const ops = await operator({ eventTypes: ["endpoint.created", "endpoint.deleted"] });
    const before = receiver.answering;
    const held = Promise.withResolvers<void>();
    receiver.answering = async (request) => {
      if (request.path === ops.path) await held.promise;
      return before(request);
    };
    const { at } = await customer(ops.send);
    await ops.waitFor("endpoint.created");
    await server.restart();
    receiver.answering = before;
    held.resolve();
    await ops.send("DELETE", at);
    await ops.waitFor("endpoint.deleted");
    expect(await ops.waitFor("endpoint.created", 2)).toHaveLength(2);
  });
});

describe("backlog events", () => {
  test("a backlog causes one event when it grows and another when it has recovered", async () => {
    const slow = await startServer(["--backlog-threshold=200ms"]);
    try {
      const held = Promise.withResolvers<void>();
      await using customers = startReceiver(async () => {
        await held.promise;
        return new Response();
      });
      await using operations = startReceiver(withStatus(200));
      const send = clientOf(slow.url);
      await send("POST", LIST, {
        url: operations.url,
        eventTypes: ["boathook.backlog.growing", "boathook.backlog.recovered"],
      });
      const { json: app } = await send("POST", "/app", { name: "customer", uid: "customer" });
      const { json: endpoint } = await send("POST", "/app/customer/endpoint", { url: customers.url, concurrency: 1 });
      for (let i = 0; i < 3; i++) await sendMessage(send, "customer");
      const [growing] = await operations.arrived(1);
      expect(JSON.parse(growing!.body.toString())).toEqual({
        type: "boathook.backlog.growing",
        data: {
          appId: app.id,
          appUid: "customer",
          endpointId: endpoint.id,
          endpointUid: null,
          oldestDueAt: anInstant,
          thresholdMs: 200,
        },
      });
      held.resolve();
      const [, recovered] = await operations.arrived(2);
      expect(JSON.parse(recovered!.body.toString())).toEqual({
        type: "boathook.backlog.recovered",
        data: { growingSince: anInstant, thresholdMs: 200 },
      });
    } finally {
      await slow.stop();
    }
  });
});

describe("operational endpoints", () => {
  test("an operational endpoint has the fields of both versions of the Svix API", async () => {
    const { send } = await newEnvironment();
    const { status, json } = await send("POST", LIST, {
      url: "http://Example.com",
      uid: "ops",
      description: "For us",
      eventTypes: ["endpoint.disabled"],
      throttleRate: 5,
      metadata: { a: "b" },
      headers: { "X-A": "1" },
      channels: ["unknown here"],
    });
    expect(status).toBe(201);
    const { warnings, ...read } = json;
    expect(warnings).toBeArray();
    expect(read).toEqual({
      id: anId("endpoint"),
      uid: "ops",
      url: "http://example.com/",
      description: "For us",
      disabled: false,
      eventTypes: ["endpoint.disabled"],
      filterTypes: ["endpoint.disabled"],
      metadata: { a: "b" },
      throttleRate: 5,
      rateLimit: 5,
      failingSince: null,
      createdAt: anInstant,
      updatedAt: anInstant,
    });
    expect((await send("GET", `${LIST}/ops`)).json).toEqual(read);
    expect((await send("GET", `${LIST}/ops/headers`)).json).toEqual({ headers: { "X-A": "1" }, sensitive: [] });
  });

  test("a PUT creates an operational endpoint with the uid in the path, and the next PUT replaces the endpoint", async () => {
    const { send } = await newEnvironment();
    const made = await send("PUT", `${LIST}/mine`, { url: "https://example.com", eventTypes: ["endpoint.deleted"] });
    expect([made.status, made.json.uid]).toEqual([201, "mine"]);
    const replaced = await send("PUT", `${LIST}/mine`, { url: "https://example.com/2" });
    expect([replaced.status, replaced.json.id]).toEqual([200, made.json.id]);
    expect(replaced.json).toMatchObject({ uid: "mine", url: "https://example.com/2", eventTypes: null });
    const { warnings: _, ...read } = replaced.json;
    expect((await send("GET", LIST)).json.data).toEqual([read]);
    expect((await send("PUT", `${LIST}/${made.json.id.slice(0, -1)}!`, { url: "https://example.com" })).status).toBe(
      404,
    );
  });

  test("a PUT of an operational endpoint ignores fields that only application endpoints have", async () => {
    const { send } = await newEnvironment();
    const sent = { url: "https://example.com/", channels: 7, retrySchedule: "never", headers: { Host: "example.org" } };
    const { status } = await send("PUT", `${LIST}/mine`, sent);
    expect(status).toBe(201);
    expect((await send("GET", `${LIST}/mine/headers`)).json.headers).toEqual({});
    expect((await send("DELETE", `${LIST}/mine`)).status).toBe(204);
  });

  test("concurrent PUTs create one operational endpoint, and the later ones replace its fields", async () => {
    const { send } = await newEnvironment();
    for (let round = 0; round < 20; round++) {
      const { 201: made = [], 200: replaced = [] } = await sameAtOnce(() =>
        send("PUT", `${LIST}/mine${round}`, { url: "https://example.com" }),
      );
      expect([made.length, replaced.length]).toEqual([1, 9]);
      for (const { json } of replaced) expect(json.id).toBe(made[0]!.json.id);
    }
    expect((await send("PUT", `${LIST}/other`, { url: "https://example.com", uid: "mine0" })).status).toBe(409);
  });

  test("events are signed with the new secret, and with the old one during the grace period", async () => {
    const { send, waitFor, endpoint, path } = await operator();
    const old = new Webhook((await send("GET", `${LIST}/${endpoint.id}/secret`)).json.key);
    expect((await send("POST", `${LIST}/${endpoint.id}/secret/rotate`, { gracePeriodSeconds: null })).status).toBe(204);
    const renewed = new Webhook((await send("GET", `${LIST}/${endpoint.id}/secret`)).json.key);
    await customer(send);
    await waitFor("endpoint.created");
    const { body, headers } = receiver.received.findLast((request) => request.path === path)!;
    for (const webhook of [old, renewed]) webhook.verify(body.toString(), Object.fromEntries(headers));
  });

  test("events are sent with the headers that were set last", async () => {
    const { send, waitFor, endpoint, path } = await operator({ headers: { "X-Old": "1" } });
    await send("PUT", `${LIST}/${endpoint.id}/headers`, { headers: { "X-New": "2", Authorization: "Basic Zm9v" } });
    expect((await send("GET", `${LIST}/${endpoint.id}/headers`)).json).toEqual({
      headers: { "X-New": "2" },
      sensitive: ["Authorization"],
    });
    await customer(send);
    await waitFor("endpoint.created");
    const { headers } = receiver.received.findLast((request) => request.path === path)!;
    expect([headers.get("x-old"), headers.get("x-new"), headers.get("authorization")]).toEqual([
      null,
      "2",
      "Basic Zm9v",
    ]);
  });

  test("an operational endpoint and an application's endpoint may have the same uid", async () => {
    const { send } = await operator({ uid: "same" });
    const { at } = await customer(send, "/same", { uid: "same" });
    expect((await send("GET", at)).status).toBe(200);
    expect((await send("POST", LIST, { url: receiver.url, uid: "same" })).status).toBe(409);
  });

  test("operational endpoints can be created concurrently", async () => {
    const { send } = await newEnvironment();
    const made = await Promise.all(Array.from({ length: 5 }, () => send("POST", LIST, { url: receiver.url })));
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    const { data } = (await send("GET", `${LIST}?order=ascending`)).json;
    expect(data.map(({ id }: { id: string }) => id)).toEqual(made.map(({ json }) => json.id).sort());
  });
});

describe("separation of operational endpoints", () => {
  test("lists of applications and paths of applications give no access to operational endpoints", async () => {
    const { send, endpoint, waitFor } = await operator();
    const { uid } = await customer(send);
    await waitFor("endpoint.created");
    const { data } = (await send("GET", "/app")).json;
    expect(data.map((application: { uid: string }) => application.uid)).toEqual([uid]);
    expect((await send("GET", `/app/${uid}/endpoint/${endpoint.id}`)).status).toBe(404);
    expect((await send("GET", "/overview")).json.messages).toEqual([]);
    // A dead letter of an operational endpoint contains the id of a hidden application, but that id
    // gives no access.
    await send("PUT", `${LIST}/${endpoint.id}`, { url: `${receiver.url}/status-410` });
    await send("POST", `/app/${uid}/endpoint`, { url: receiver.url });
    let appId = "";
    while (appId === "") {
      appId = (await send("GET", "/dead-letter")).json.data[0]?.appId ?? "";
      await Bun.sleep(10);
    }
    for (const path of ["", "/endpoint", `/endpoint/${endpoint.id}`, "/msg", "/dead-letter"]) {
      expect([path, (await send("GET", `/app/${appId}${path}`)).status]).toEqual([path, 404]);
    }
    expect((await send("DELETE", `/app/${appId}`)).status).toBe(404);
    expect((await send("POST", `/app/${appId}/msg`, { eventType: "a", payload: {} })).status).toBe(404);
  });

  test("operations on operational endpoints of another environment return 404", async () => {
    const { endpoint } = await operator({ uid: "ours" });
    const other = await operator({ uid: "theirs" });
    for (const key of [endpoint.id, "ours"]) {
      for (const [method, path, body] of [
        ["GET", "", undefined],
        ["DELETE", "", undefined],
        ["GET", "/secret", undefined],
        ["POST", "/secret/rotate", {}],
        ["GET", "/headers", undefined],
        ["PUT", "/headers", { headers: {} }],
      ] as const) {
        const { status, json } = await other.send(method, `${LIST}/${key}${path}`, body);
        expect([method, path, status, json.code]).toEqual([method, path, 404, "not_found"]);
      }
    }
    expect((await other.send("PUT", `${LIST}/${endpoint.id}`, { url: receiver.url })).status).toBe(404);
    const { warnings: _, ...read } = other.endpoint;
    expect((await other.send("GET", LIST)).json.data).toEqual([read]);
  });

  test("operations on operational endpoints with an application token return 403", async () => {
    const { json } = await clientOf(server.url)("POST", "/app", { name: "App", uid: freshUid("app") });
    const token = await server.createToken("--app", json.uid);
    const send = clientOf(server.url);
    for (const [method, path] of [
      ["GET", ""],
      ["POST", ""],
      ["GET", "/x"],
      ["PUT", "/x"],
      ["DELETE", "/x"],
      ["GET", "/x/secret"],
      ["POST", "/x/secret/rotate"],
      ["GET", "/x/headers"],
      ["PUT", "/x/headers"],
    ] as const) {
      const body = method === "GET" || method === "DELETE" ? undefined : {};
      expect([method, path, (await send(method, LIST + path, body, { token })).status]).toEqual([method, path, 403]);
    }
  });
});

describe("invalid operational endpoints", () => {
  let send: Send;
  beforeAll(async () => {
    ({ send } = await newEnvironment());
  });

  const url = "https://example.com";
  const bodies: ReadonlyArray<readonly [what: string, body: unknown, field: string]> = [
    ["no url", {}, "url"],
    ["a null url", { url: null }, "url"],
    ["a url that is a number", { url: 5 }, "url"],
    ["an empty url", { url: "" }, "url"],
    ["a url with an unsupported scheme", { url: "ftp://example.com" }, "url"],
    ["an empty list of event types", { url, eventTypes: [] }, "eventTypes"],
    ["an event type that is not operational", { url, eventTypes: ["user.signup"] }, "eventTypes"],
    ["both eventTypes and filterTypes", { url, eventTypes: null, filterTypes: ["endpoint.created"] }, "filterTypes"],
    ["a string as its event types", { url, eventTypes: "endpoint.created" }, "eventTypes"],
    ["a throttleRate of 0", { url, throttleRate: 0 }, "throttleRate"],
    ["a uid that looks like an id", { url, uid: "ep_1" }, "uid"],
    ["more than 4096 bytes of metadata", { url, metadata: { a: "x".repeat(5000) } }, "metadata"],
  ];
  for (const [what, body, name] of bodies) {
    test(`creating an operational endpoint by POST or PUT with ${what} returns 422`, async () => {
      for (const [method, path] of [
        ["POST", LIST],
        ["PUT", `${LIST}/new`],
      ] as const) {
        const { status, json } = await send(method, path, body);
        expect([status, json.detail[0].loc.slice(0, 2)]).toEqual([422, ["body", name]]);
      }
      expect((await send("GET", LIST)).json.data).toEqual([]);
    });
  }

  test("an operational endpoint may have duplicate event types, an empty list of filterTypes and a long description", async () => {
    const { send } = await newEnvironment();
    const repeated = { url, eventTypes: ["endpoint.created", "endpoint.created"], description: "d".repeat(5000) };
    expect((await send("POST", LIST, repeated)).json.eventTypes).toEqual(["endpoint.created"]);
    const { status, json } = await send("PUT", `${LIST}/all`, { url, filterTypes: [] });
    expect([status, json.eventTypes]).toEqual([201, null]);
    expect((await send("PUT", `${LIST}/${json.id}`, { url })).json.uid).toBeNull();
  });

  test("creating an operational endpoint with a malformed body, secret or header returns 422", async () => {
    expect((await send("POST", LIST, "{")).status).toBe(422);
    expect((await send("POST", LIST, "")).status).toBe(422);
    expect((await send("POST", LIST, { url, secret: "whsec_short" })).status).toBe(422);
    expect((await send("POST", LIST, { url, headers: { "Content-Length": "1" } })).status).toBe(422);
  });

  test("listing operational endpoints with an invalid parameter returns 400 or 422", async () => {
    expect((await send("GET", `${LIST}?limit=251`)).status).toBe(422);
    expect((await send("GET", `${LIST}?limit=x`)).status).toBe(400);
    expect((await send("GET", `${LIST}?iterator=ep_nonsense`)).status).toBe(422);
    expect((await send("GET", LIST)).json).toEqual({ data: [], iterator: null, done: true });
  });
});

/** Calls all nine operations with both versions of the client. */
describe("the Svix clients", () => {
  test("the Svix client 2.x can call every operation on operational endpoints", async () => {
    const { token, send } = await newEnvironment();
    const { endpoint: api } = new Svix(token, { serverUrl: server.url }).operationalWebhook;
    const path = `/${freshUid("svix2")}`;
    const made = await api.create({
      url: receiver.url + path,
      eventTypes: ["endpoint.created"],
      headers: { "X-A": "1" },
    });
    expect(made.createdAt).toBeInstanceOf(Date);
    expect((await api.get(made.id)).eventTypes).toEqual(["endpoint.created"]);
    expect((await api.upsert(made.id, { url: receiver.url + path, uid: "ops" })).uid).toBe("ops");
    expect((await api.list({ limit: 1 })).data.map(({ id }) => id)).toEqual([made.id]);
    expect((await api.getHeaders("ops")).headers).toEqual({ "X-A": "1" });
    await api.setHeaders("ops", { headers: { "X-B": "2" } });
    expect((await api.getHeaders("ops")).headers).toEqual({ "X-B": "2" });
    await api.rotateSecret("ops", {});
    const webhook = new Webhook((await api.getSecret("ops")).key);
    await customer(send);
    const [{ body, headers }] = (await receiver.arrived(1, (request) => request.path === path)) as [Received];
    expect(webhook.verify(body.toString(), Object.fromEntries(headers))).toMatchObject({ type: "endpoint.created" });
    await api.delete("ops");
    await expect(api.get("ops")).rejects.toMatchObject({ code: 404 });
  });

  test("the Svix client 1.x can call every operation on operational endpoints", async () => {
    const { token, send } = await newEnvironment();
    const { endpoint: api } = new Svix1(token, { serverUrl: server.url }).operationalWebhook;
    const path = `/${freshUid("svix1")}`;
    const made = await api.create({ url: receiver.url + path, filterTypes: ["endpoint.created"], rateLimit: 9 });
    expect([made.filterTypes, made.rateLimit, made.throttleRate]).toEqual([["endpoint.created"], 9, 9]);
    expect((await api.get(made.id)).description).toBe("");
    expect((await api.update(made.id, { url: receiver.url + path, uid: "ops" })).uid).toBe("ops");
    expect((await api.list()).done).toBe(true);
    await api.updateHeaders("ops", { headers: { "X-B": "2" } });
    expect((await api.getHeaders("ops")).headers).toEqual({ "X-B": "2" });
    await api.rotateSecret("ops", {});
    const webhook = new Webhook((await api.getSecret("ops")).key);
    await customer(send);
    const [{ body, headers }] = (await receiver.arrived(1, (request) => request.path === path)) as [Received];
    expect(webhook.verify(body.toString(), Object.fromEntries(headers))).toMatchObject({ type: "endpoint.created" });
    await api.delete("ops");
    await expect(api.get("ops")).rejects.toMatchObject({ code: 404 });
  });
});

describe("the state of an operational endpoint", () => {
  test("a test event is delivered to the endpoint, and its attempts are listed", async () => {
    const { send, endpoint, waitFor } = await operator({ eventTypes: ["endpoint.deleted"] });
    const other = await send("POST", LIST, { url: `${receiver.url}/other-ops` });
    const { status, json } = await send("POST", `${LIST}/${endpoint.id}/send-example`);
    expect([status, json.eventType]).toEqual([200, "svix.ping"]);
    expect((await waitFor(null, 1)) as unknown).toEqual([{ success: true }]);
    const attempts = await until(
      async () => (await send("GET", `${LIST}/${endpoint.id}/attempt`)).json.data,
      (data) => data.length > 0,
    );
    expect(attempts).toMatchObject([{ msgId: json.id, endpointId: endpoint.id, responseStatusCode: 204 }]);
    expect((await send("GET", `${LIST}/${other.json.id}/attempt`)).json.data).toEqual([]);
  });

  test("the state says how many deliveries wait, and until when an old secret is used", async () => {
    const { send, endpoint } = await operator();
    const state = async () => (await send("GET", `${LIST}/${endpoint.id}/state`)).json;
    expect(await state()).toEqual({
      state: "healthy",
      failureReason: null,
      pending: 0,
      oldSecretUntil: null,
    });
    await send("POST", `${LIST}/${endpoint.id}/secret/rotate`, { gracePeriodSeconds: 3600 });
    expect((await state()).oldSecretUntil).toBeString();
    await send("PUT", `${LIST}/${endpoint.id}`, { url: endpoint.url, disabled: true });
    expect((await state()).state).toBe("disabled");
    expect((await send("POST", `${LIST}/${endpoint.id}/send-example`)).status).toBe(400);
  });

  test("the state, attempts and test event of an unknown or foreign endpoint return 404", async () => {
    const [one, other] = [await operator(), await operator()];
    const { json: app } = await one.send("POST", "/app", { name: "a" });
    const { json: ordinary } = await one.send("POST", `/app/${app.id}/endpoint`, { url: receiver.url });
    for (const id of ["nope", other.endpoint.id, ordinary.id]) {
      for (const [method, path] of [
        ["GET", "state"],
        ["GET", "attempt"],
        ["POST", "send-example"],
      ] as const) {
        expect([id, path, (await one.send(method, `${LIST}/${id}/${path}`)).status]).toEqual([id, path, 404]);
      }
    }
  });
});
