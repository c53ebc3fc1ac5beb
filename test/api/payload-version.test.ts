import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let receiver: Receiver;
beforeAll(async () => {
  receiver = startReceiver();
  server = await startServer(["--retry-schedule=", "--max-body=64KiB"]);
});
afterAll(async () => {
  await server.stop();
  await receiver[Symbol.asyncDispose]();
});

/** Creates an environment and returns a client for it. Versions belong to an environment. */
async function environment(): Promise<Send> {
  const name = freshUid();
  const root = clientOf(server.url);
  const created = await root("POST", "/management/environment", { name, type: "development" });
  if (created.status !== 201) throw new Error(`The environment was not created: ${created.text}`);
  return (method, path, body, options) =>
    root(method, path, body, { headers: { "boathook-environment": name }, ...options });
}

const PATH = "/payload-version";
const ADDED =
  'function downgrade(payload) { payload.steps = (payload.steps ?? []).concat("VERSION"); return payload; }';

async function addVersion(send: Send, version: string, fields: object = {}): Promise<void> {
  const body = { version, downgrade: ADDED.replace("VERSION", version), ...fields };
  const { status, text } = await send("POST", PATH, body);
  if (status !== 201) throw new Error(`The version was not created: ${status} ${text}`);
}

/** Creates an application with one endpoint. */
async function receiving(send: Send, fields: object = {}) {
  const app = await makeApplication(send);
  const path = `/hook/${freshUid()}`;
  const endpoint = await makeEndpoint(send, app, receiver.url + path, fields);
  return { app, endpoint, path, at: `/app/${app}/endpoint/${endpoint}` };
}

/** Sends a message and returns the request that arrived at the path. */
async function arrival(send: Send, app: string, path: string, fields: object = { payload: { a: 1 } }) {
  const before = receiver.received.filter((request) => request.path === path).length;
  await sendMessage(send, app, fields);
  const arrived = await receiver.arrived(before + 1, (request) => request.path === path);
  const { body, headers } = arrived[before]!;
  return { body: body.toString(), headers, version: headers.get("webhook-api-version") };
}

describe("payload versions", () => {
  test("a payload version can be created, read, listed, changed and deleted", async () => {
    const send = await environment();
    const created = await send("POST", PATH, { version: "2026-11-01", description: "Amounts", eventTypes: ["a.b"] });
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({
      ...{ version: "2026-11-01", description: "Amounts", eventTypes: ["a.b"], downgrade: null },
      ...{ deprecatedAt: null, sunsetAt: null },
    });
    expect((await send("POST", PATH, { version: "2026-11-01" })).json).toMatchObject({ code: "conflict" });
    for (const version of ["2026-09-01", "2026-12-01"]) await addVersion(send, version);
    const names = async (query: string) => {
      const { json } = await send("GET", `${PATH}${query}`);
      return { names: json.data.map((one: { version: string }) => one.version), done: json.done };
    };
    expect(await names("")).toEqual({ names: ["2026-12-01", "2026-11-01", "2026-09-01"], done: true });
    expect(await names("?limit=1&iterator=2026-12-01")).toEqual({ names: ["2026-11-01"], done: false });
    expect(await names("?limit=2&iterator=-2026-09-01")).toEqual({ names: ["2026-12-01", "2026-11-01"], done: true });
    const patch = { deprecatedAt: "2026-11-15T00:00:00Z", sunsetAt: "2027-05-01T00:00:00Z" };
    expect((await send("PATCH", `${PATH}/2026-11-01`, patch)).json).toMatchObject({
      ...{ description: "Amounts", deprecatedAt: "2026-11-15T00:00:00.000Z", sunsetAt: "2027-05-01T00:00:00.000Z" },
    });
    expect((await send("GET", `${PATH}/2026-11-01`)).json.sunsetAt).toBe("2027-05-01T00:00:00.000Z");
    expect((await send("DELETE", `${PATH}/2026-11-01`)).status).toBe(204);
    expect((await send("GET", `${PATH}/2026-11-01`)).status).toBe(404);
    expect((await send("DELETE", `${PATH}/2026-11-01`)).status).toBe(404);
    expect((await send("GET", `${PATH}/2026-11-01/usage`)).status).toBe(404);
    await addVersion(send, "2026-11-01");
  });

  test("an invalid payload version gets 422 at the field that is wrong", async () => {
    const send = await environment();
    const findings = async (body: object) => {
      const { status, json } = await send("POST", PATH, body);
      return { status, loc: json.detail[0].loc, msg: json.detail[0].msg };
    };
    expect(await findings({ version: "a b" })).toMatchObject({ status: 422, loc: ["body", "version"] });
    expect(await findings({ version: "x".repeat(65) })).toMatchObject({ status: 422, loc: ["body", "version"] });
    expect(await findings({ version: "1", downgrade: "function downgrade() {\n  let a = ;\n}" })).toMatchObject({
      ...{ status: 422, loc: ["body", "downgrade"], msg: expect.stringContaining("line 2, column 11") },
    });
    expect(await findings({ version: "1", downgrade: "const other = 1;" })).toMatchObject({
      ...{ status: 422, msg: "The code must define a function `downgrade`." },
    });
    const early = { deprecatedAt: "2027-01-01T00:00:00Z", sunsetAt: "2026-01-01T00:00:00Z" };
    expect(await findings({ version: "1", ...early })).toMatchObject({ status: 422, loc: ["body", "sunsetAt"] });
    expect(await findings({ version: "1", deprecatedAt: "soon" })).toMatchObject({ loc: ["body", "deprecatedAt"] });
    expect((await send("GET", PATH)).json.data).toEqual([]);
  });

  test("a version to which endpoints are pinned cannot be deleted", async () => {
    const send = await environment();
    await addVersion(send, "1");
    const { at } = await receiving(send);
    expect((await send("GET", `${PATH}/1/usage`)).json).toEqual({ count: 1 });
    expect((await send("DELETE", `${PATH}/1`)).json).toMatchObject({ code: "in_use" });
    await send("DELETE", at);
    expect((await send("GET", `${PATH}/1/usage`)).json).toEqual({ count: 0 });
    expect((await send("DELETE", `${PATH}/1`)).status).toBe(204);
  });

  test("the token of an application may not read payload versions", async () => {
    const send = await environment();
    const app = await makeApplication(send);
    const { json } = await send("POST", `/auth/app-portal-access/${app}`, {});
    expect((await send("GET", PATH, undefined, { token: json.token, headers: {} })).status).toBe(403);
  });
});

describe("what an application may know of payload versions", () => {
  test("whoami names the versions and their dates for the token of an application, without their code", async () => {
    const send = await environment();
    await addVersion(send, "1", { description: "First", sunsetAt: "2027-05-01T00:00:00Z" });
    await addVersion(send, "2");
    const app = await makeApplication(send);
    const whoami = async (token: string) =>
      (await send("GET", "/auth/whoami", undefined, { token, headers: {} })).json.payloadVersions;
    const { json } = await send("POST", `/auth/app-portal-access/${app}`, {});
    expect(await whoami(json.token)).toEqual([
      { version: "2", description: "", deprecatedAt: null, sunsetAt: null },
      { version: "1", description: "First", deprecatedAt: null, sunsetAt: "2027-05-01T00:00:00.000Z" },
    ]);
    expect((await send("GET", "/auth/whoami")).json.payloadVersions).toBeNull();
  });

  test("a message states its payload version when it is read alone", async () => {
    const send = await environment();
    const app = await makeApplication(send);
    const versionOf = async (id: string) => (await send("GET", `/app/${app}/msg/${id}`)).json.apiVersion;
    const early = await sendMessage(send, app);
    await addVersion(send, "1");
    const middle = await sendMessage(send, app);
    await addVersion(send, "2");
    const late = await sendMessage(send, app);
    expect((await send("DELETE", `${PATH}/1`)).status).toBe(204);
    expect([await versionOf(early), await versionOf(middle), await versionOf(late)]).toEqual([undefined, "1", "2"]);
  });

  test("the endpoints of an environment are listed by their payload version", async () => {
    const send = await environment();
    await addVersion(send, "1");
    await addVersion(send, "2");
    const pinned = await receiving(send, { apiVersion: "1" });
    await receiving(send);
    const { json } = await send("GET", "/endpoint?api_version=1");
    expect(json.data.map(({ id }: { id: string }) => id)).toEqual([pinned.endpoint]);
    expect((await send("GET", "/endpoint?api_version=a%20b")).status).toBe(422);
  });
});

describe("the version of an endpoint", () => {
  test("an endpoint is pinned to the newest version when it is created", async () => {
    const send = await environment();
    const early = await receiving(send);
    await addVersion(send, "2");
    await addVersion(send, "1");
    const late = await receiving(send);
    const pinned = await receiving(send, { apiVersion: "1" });
    const versionAt = async ({ at }: { at: string }) => (await send("GET", at)).json.apiVersion;
    expect([await versionAt(early), await versionAt(late), await versionAt(pinned)]).toEqual([null, "2", "1"]);
    const url = `${receiver.url}/other`;
    expect((await send("PUT", early.at, { url })).json.apiVersion).toBeNull();
    expect((await send("PUT", pinned.at, { url })).json.apiVersion).toBe("1");
    expect((await send("PATCH", early.at, { apiVersion: null })).json.apiVersion).toBe("2");
    expect((await send("PATCH", early.at, { apiVersion: "1" })).json.apiVersion).toBe("1");
    expect((await send("PATCH", early.at, { description: "x" })).json.apiVersion).toBe("1");
    const unknown = await send("PATCH", early.at, { apiVersion: "3" });
    expect([unknown.status, unknown.json.detail[0].loc]).toEqual([422, ["body", "apiVersion"]]);
  });

  test("endpoints of several versions get one message in the form of their version", async () => {
    const send = await environment();
    const app = await makeApplication(send);
    const add = async (version?: string) => {
      const path = `/hook/${freshUid()}`;
      await makeEndpoint(send, app, receiver.url + path, version === undefined ? {} : { apiVersion: version });
      return path;
    };
    const paths = [await add()];
    for (const version of ["1", "2", "3"]) {
      await addVersion(send, version, version === "2" ? { eventTypes: ["order.paid"] } : {});
      paths.push(await add(version));
    }
    const receive = async (eventType: string) => {
      const message = await sendMessage(send, app, { eventType, payload: { a: 1 } });
      const arrived = await Promise.all(
        paths.map((path) => receiver.arrived(1, (request) => request.path === path && request.id === message)),
      );
      return arrived.map(([request]) => [
        request!.headers.get("webhook-api-version"),
        JSON.parse(request!.body.toString()).steps ?? [],
      ]);
    };
    await send("POST", "/event-type", { name: "order.paid", description: "" });
    await send("POST", "/event-type", { name: "order.sent", description: "" });
    expect(await receive("order.paid")).toEqual([
      [null, ["3", "2", "1"]],
      ["1", ["3", "2"]],
      ["2", ["3"]],
      ["3", []],
    ]);
    expect(await receive("order.sent")).toEqual([
      [null, ["3", "1"]],
      ["1", ["3"]],
      ["2", ["3"]],
      ["3", []],
    ]);
  });

  test("a message has the form of the version that was the newest when it was accepted, also for a resend", async () => {
    const send = await environment();
    const { app, path, endpoint, at } = await receiving(send, { paused: true });
    const early = await sendMessage(send, app, { payload: { a: 1 } });
    await addVersion(send, "1");
    const between = await sendMessage(send, app, { payload: { a: 1 } });
    await addVersion(send, "2");
    await send("PATCH", at, { paused: false });
    const got = async (count: number) => {
      const requests = await receiver.arrived(count, (request) => request.path === path);
      return requests.map(({ id, body }) => [id, body.toString()]);
    };
    const expected = [
      [early, '{"a":1}'],
      [between, '{"a":1,"steps":["1"]}'],
    ];
    expect((await got(2)).sort()).toEqual([...expected].sort());
    await send("POST", `/app/${app}/msg/${between}/endpoint/${endpoint}/resend`);
    expect((await got(3))[2]).toEqual(expected[1]!);
  });

  test("messages that were accepted while a version existed are still downgraded after its deletion", async () => {
    const send = await environment();
    const { app, path, at } = await receiving(send, { paused: true });
    await addVersion(send, "1");
    const during = await sendMessage(send, app, { payload: {} });
    expect((await send("DELETE", `${PATH}/1`)).status).toBe(204);
    const after = await sendMessage(send, app, { payload: {} });
    await send("PATCH", at, { paused: false });
    const requests = await receiver.arrived(2, (request) => request.path === path);
    expect(Object.fromEntries(requests.map(({ id, body }) => [id, body.toString()]))).toEqual({
      [during]: '{"steps":["1"]}',
      [after]: "{}",
    });
  });

  test("deliveries in a deprecated version carry the headers deprecation and sunset", async () => {
    const send = await environment();
    await addVersion(send, "1");
    const { app, path } = await receiving(send);
    const dates = { deprecatedAt: "2026-11-15T00:00:00Z", sunsetAt: "2027-05-01T12:00:00Z" };
    await send("PATCH", `${PATH}/1`, dates);
    await addVersion(send, "2");
    const { headers, version } = await arrival(send, app, path);
    expect([version, headers.get("deprecation"), headers.get("sunset")]).toEqual([
      "1",
      `@${Date.parse(dates.deprecatedAt) / 1000}`,
      "Sat, 01 May 2027 12:00:00 GMT",
    ]);
  });

  test("a payload that the downgrades leave unchanged is sent byte for byte", async () => {
    const send = await environment();
    const { app, path } = await receiving(send);
    await addVersion(send, "1", { downgrade: "const downgrade = async (payload) => payload;" });
    const raw = '{ "a": 1.0, "b": 9007199254740993 }';
    const fields = { payload: {}, transformationsParams: { rawPayload: raw } };
    expect((await arrival(send, app, path, fields)).body).toBe(raw);
  });

  test("downgrades run before the transformation of the endpoint, which sees the old form", async () => {
    const send = await environment();
    const { app, path, at } = await receiving(send);
    await addVersion(send, "1");
    const code = "function handler(webhook) { webhook.payload.steps.push('handler'); return webhook; }";
    await send("PATCH", `${at}/transformation`, { code, enabled: true });
    expect((await arrival(send, app, path)).body).toBe('{"a":1,"steps":["1","handler"]}');
  });

  test("each member of a batch is downgraded, and the batch states the version of the endpoint", async () => {
    const send = await environment();
    await addVersion(send, "1");
    const { app, path } = await receiving(send, { batch: { maxMessages: 2, maxWaitMs: 60_000 } });
    await addVersion(send, "2");
    const code = "function handler(webhook) { webhook.payload.steps.push('handler'); return webhook; }";
    const at = `/app/${app}/endpoint`;
    const [endpoint] = (await send("GET", at)).json.data;
    const bodies = async (batch: number) => {
      for (const a of [1, 2]) await sendMessage(send, app, { payload: { a } });
      const request = (await receiver.arrived(batch, (one) => one.path === path))[batch - 1]!;
      const members = JSON.parse(request.body.toString()) as { payload: unknown }[];
      return [request.headers.get("webhook-api-version"), members.map(({ payload }) => payload)];
    };
    expect(await bodies(1)).toEqual([
      "1",
      [
        { a: 1, steps: ["2"] },
        { a: 2, steps: ["2"] },
      ],
    ]);
    await send("PATCH", `${at}/${endpoint.id}/transformation`, { code, enabled: true });
    expect(await bodies(2)).toEqual([
      "1",
      [
        { a: 1, steps: ["2", "handler"] },
        { a: 2, steps: ["2", "handler"] },
      ],
    ]);
  });

  test("names at the top level of several downgrades do not collide", async () => {
    const send = await environment();
    const { app, path } = await receiving(send);
    const downgrade = (n: number) =>
      `const by = ${n}; function downgrade(payload) { payload.a += by; return payload; }`;
    await addVersion(send, "1", { downgrade: downgrade(1) });
    await addVersion(send, "2", { downgrade: `${downgrade(10)} // a comment at the end` });
    expect((await arrival(send, app, path)).body).toBe('{"a":12}');
  });
});

describe("a downgrade that fails", () => {
  /** Returns the attempt of a message to an endpoint before the version 1. */
  async function attemptWith(downgrade: string) {
    const send = await environment();
    const { app } = await receiving(send);
    await addVersion(send, "0");
    await addVersion(send, "1", { downgrade });
    const message = await sendMessage(send, app, { payload: { a: 1 } });
    const [attempt] = (await attemptsOf(send, app, message)) as unknown as { id: string }[];
    return (await send("GET", `/app/${app}/msg/${message}/attempt/${attempt!.id}`)).json;
  }

  test("an exception is a failed attempt that names the version and the line", async () => {
    expect(
      await attemptWith("function downgrade(payload) {\n  console.log('here');\n  payload.x.y = 1;\n}"),
    ).toMatchObject({
      ...{ reason: "transformation", responseStatusCode: 0, logs: ["here"] },
      response: expect.stringMatching(/^version 1, line 3: TypeError: /),
    });
  });

  test("a downgrade without end, or without a result, is a failed attempt", async () => {
    expect(await attemptWith("function downgrade() { for (;;); }")).toMatchObject({
      ...{ reason: "transformation", response: expect.stringMatching(/^version 1, line 1: timeout/) },
    });
    expect(await attemptWith("function downgrade() {}")).toMatchObject({
      ...{ reason: "transformation", response: "version 1: `downgrade` must return the payload." },
    });
    expect(await attemptWith("function downgrade() { return 'x'.repeat(70000); }")).toMatchObject({
      ...{ reason: "transformation", response: expect.stringContaining("more than 65536 bytes") },
    });
  });
});

test("an attempt shows the version and the payload that were sent", async () => {
  const send = await environment();
  await addVersion(send, "1");
  const { app, path } = await receiving(send);
  await addVersion(send, "2");
  const message = await sendMessage(send, app, { payload: { a: 1 } });
  await receiver.arrived(1, (request) => request.path === path);
  const [attempt] = (await attemptsOf(send, app, message)) as unknown as { id: string }[];
  const detail = (await send("GET", `/app/${app}/msg/${message}/attempt/${attempt!.id}`)).json;
  expect(detail).toMatchObject({ apiVersion: "1", requestPayload: '{"a":1,"steps":["2"]}', reason: null });
});

test("operational webhooks have no payload version", async () => {
  const send = await environment();
  await addVersion(send, "1", { downgrade: "function downgrade() { throw new Error('never'); }" });
  const path = `/operational/${freshUid()}`;
  await send("POST", "/operational-webhook/endpoint", { url: receiver.url + path });
  const app = await makeApplication(send);
  await makeEndpoint(send, app, `${receiver.url}/other`);
  const [request] = await receiver.arrived(1, (one) => one.path === path);
  expect(request!.headers.get("webhook-api-version")).toBeNull();
});

test("a function endpoint gets the payload in the form of its version", async () => {
  const send = await environment();
  await addVersion(send, "1");
  const app = await makeApplication(send);
  const code = "async function handler(event) { return event.payload; }";
  await makeEndpoint(send, app, "function:", { function: { code } });
  await addVersion(send, "2");
  const message = await sendMessage(send, app, { payload: { a: 1 } });
  const [attempt] = (await attemptsOf(send, app, message)) as unknown as { id: string }[];
  const detail = (await send("GET", `/app/${app}/msg/${message}/attempt/${attempt!.id}`)).json;
  expect(detail).toMatchObject({ apiVersion: "1", reason: null });
  expect(JSON.parse(detail.response)).toEqual({ a: 1, steps: ["2"] });
});

test("messages that are accepted while a version is created are sent in the form that they state", async () => {
  const send = await environment();
  const { app, path } = await receiving(send);
  const ids: string[] = [];
  for (const version of ["1", "2", "3", "4"]) {
    const sending = Array.from({ length: 12 }, (_, n) => sendMessage(send, app, { payload: { n } }));
    await addVersion(send, version);
    ids.push(...(await Promise.all(sending)));
  }
  const arrived = await receiver.arrived(ids.length, (request) => request.path === path);
  const steps = new Map(
    arrived.map(({ headers, body }) => [headers.get("webhook-id")!, JSON.parse(body.toString()).steps ?? []]),
  );
  for (const id of ids) {
    const { apiVersion } = (await send("GET", `/app/${app}/msg/${id}`)).json;
    const expected = ["4", "3", "2", "1"].filter((version) => apiVersion !== undefined && version <= apiVersion);
    expect({ id, steps: steps.get(id) }).toEqual({ id, steps: expected });
  }
});
