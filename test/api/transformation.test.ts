import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
let receiver: Receiver;
beforeAll(async () => {
  receiver = startReceiver();
  server = await startServer(["--retry-schedule=", "--max-body=64KiB"]);
  send = clientOf(server.url);
});
afterAll(async () => {
  await server.stop();
  await receiver[Symbol.asyncDispose]();
});

/** Creates an application with one endpoint, and returns both with the path of the endpoint. */
async function endpointWith(code: string | null, fields: object = {}, url = `${receiver.url}/hook?a=1`) {
  const app = await makeApplication(send);
  const id = await makeEndpoint(send, app, url, fields);
  const path = `/app/${app}/endpoint/${id}`;
  if (code !== null) {
    const { status, text } = await send("PATCH", `${path}/transformation`, { code, enabled: true });
    if (status !== 204) throw new Error(`The transformation was not stored: ${status} ${text}`);
  }
  return { app, id, path };
}

/** Sends a message and returns its only attempt, with all details. */
async function attemptOf(app: string, fields: object = {}) {
  const message = await sendMessage(send, app, fields);
  const attempts = (await attemptsOf(send, app, message)) as unknown as { id: string }[];
  return (await send("GET", `/app/${app}/msg/${message}/attempt/${attempts[0]!.id}`)).json;
}

/** Sends a message and returns the request that arrived. */
async function arrivalOf(app: string, fields: object = {}) {
  const id = await sendMessage(send, app, fields);
  return (await receiver.arrived(1, (request) => request.id === id))[0]!;
}

const SIMPLE = "function handler(webhook) { return webhook; }";

describe("the operations on transformations", () => {
  test("an endpoint has no transformation at first", async () => {
    const { path } = await endpointWith(null);
    const { status, json } = await send("GET", `${path}/transformation`);
    expect([status, json]).toEqual([200, { code: null, enabled: false, variables: null, updatedAt: null }]);
  });

  test("a PATCH changes what it contains, and removing the code disables the transformation", async () => {
    const { path } = await endpointWith(null);
    const read = async () => (await send("GET", `${path}/transformation`)).json;
    expect((await send("PATCH", `${path}/transformation`, { code: SIMPLE })).status).toBe(204);
    expect(await read()).toMatchObject({ code: SIMPLE, enabled: false });
    expect((await read()).updatedAt).toBeString();
    await send("PATCH", `${path}/transformation`, { enabled: true });
    expect(await read()).toMatchObject({ code: SIMPLE, enabled: true });
    await send("PATCH", `${path}/transformation`, { code: null });
    expect(await read()).toMatchObject({ code: null, enabled: false });
    expect((await send("PATCH", `${path}/transformation`, { enabled: true })).json.detail[0].loc).toEqual([
      "body",
      "enabled",
    ]);
  });

  test("variables are write-only, and the mark keeps a stored value", async () => {
    const code = "function handler(webhook) { webhook.payload = variables; return webhook; }";
    const { app, path } = await endpointWith(code);
    const patch = (variables: unknown) => send("PATCH", `${path}/transformation`, { variables });
    await patch({ one: "first-secret", two: "second-secret" });
    const shown = await send("GET", `${path}/transformation`);
    expect(shown.json.variables).toEqual({ one: "[set]", two: "[set]" });
    await patch({ one: "[set]", three: "3" });
    expect(JSON.parse((await arrivalOf(app)).body.toString())).toEqual({ one: "first-secret", three: "3" });
    const unknown = await patch({ two: "[set]" });
    expect([unknown.status, unknown.json.detail[0].loc]).toEqual([422, ["body", "variables", "two"]]);
  });

  test("an endpoint can be created with its transformation, so that no message is sent without it", async () => {
    const code = "function handler(webhook) { webhook.payload = variables; return webhook; }";
    const transformation = { code, enabled: true, variables: { key: "a-secret" } };
    const { app, path } = await endpointWith(null, { transformation });
    expect((await send("GET", `${path}/transformation`)).json).toEqual({
      ...{ code, enabled: true, variables: { key: "[set]" } },
      updatedAt: expect.any(String),
    });
    expect(JSON.parse((await arrivalOf(app)).body.toString())).toEqual({ key: "a-secret" });
  });

  test("a transformation that cannot be stored prevents the creation of its endpoint", async () => {
    const app = await makeApplication(send);
    for (const [transformation, field] of [
      [{ code: "function handler(webhook) {" }, "code"],
      [{ code: "const other = 1;" }, "code"],
      [{ code: "short" }, "code"],
      [{ enabled: true }, "enabled"],
      [{ code: SIMPLE, variables: { one: "[set]" } }, "variables"],
      [{ code: SIMPLE, variables: { one: 1 } }, "variables"],
    ] as const) {
      const { status, json } = await send("POST", `/app/${app}/endpoint`, { url: receiver.url, transformation });
      expect([status, json.detail[0].loc.slice(0, 3)]).toEqual([422, ["body", "transformation", field]]);
    }
    expect((await send("GET", `/app/${app}/endpoint`)).json.data).toEqual([]);
  });

  test("a PATCH that changes nothing keeps the times of the latest change", async () => {
    const { path } = await endpointWith(SIMPLE, { headers: { "X-Own": "1" } });
    await send("PATCH", `${path}/transformation`, { variables: { a: "secret" } });
    const read = async () => [(await send("GET", path)).json, (await send("GET", `${path}/transformation`)).json];
    const before = await read();
    await send("PATCH", `${path}/transformation`, { code: SIMPLE, variables: { a: "secret" } });
    await send("PATCH", `${path}/headers`, { headers: { "X-Own": "1" } });
    await send("PATCH", path, { url: before[0].url, ordering: "parallel" });
    expect(await read()).toEqual(before);
    await send("PATCH", `${path}/transformation`, { variables: { a: "another" } });
    expect((await read()).map(({ updatedAt }, i) => updatedAt > before[i].updatedAt)).toEqual([true, true]);
  });

  test("code that cannot run is refused with its line and column", async () => {
    const { path } = await endpointWith(null);
    for (const [code, msg] of [
      [
        "function handler(webhook) {\n  let a = ;\n}",
        "line 2, column 11: SyntaxError: unexpected token in expression: ';'",
      ],
      ["const other = 1;", "The code must define a function `handler`."],
      ["undefinedName();\nfunction handler() {}", "line 1, column 1: ReferenceError: 'undefinedName' is not defined"],
      ["for (;;); function handler() {}", "line 1, column 1: timeout in the function that begins here"],
    ]) {
      const { status, json } = await send("PATCH", `${path}/transformation`, { code });
      expect([status, json.detail]).toEqual([422, [{ loc: ["body", "code"], msg, type: "value_error" }]]);
    }
    for (const code of ["short", "x".repeat(51_201), 5]) {
      expect((await send("PATCH", `${path}/transformation`, { code })).status).toBe(422);
    }
  });

  test("a simulation shows the request and stores nothing", async () => {
    const { path } = await endpointWith(SIMPLE, { headers: { "X-Own": "1" } });
    const code = `function handler(webhook) {
      webhook.method = "PUT"; webhook.url = webhook.url.replace("hook", "other"); webhook.headers.added = variables.a;
      webhook.payload = { type: webhook.eventType, channels: webhook.channels, was: webhook.payload };
      return webhook;
    }`;
    const body = { code, eventType: "user.signup", payload: { id: 1 }, channels: ["c"], variables: { a: "v" } };
    const { status, json } = await send("POST", `${path}/transformation/simulate`, body);
    expect([status, json]).toEqual([
      200,
      {
        ...{ url: `${receiver.url}/other?a=1`, method: "PUT", headers: { "X-Own": "1", added: "v" }, cancel: false },
        ...{ payload: '{"type":"user.signup","channels":["c"],"was":{"id":1}}', cancelReason: null, logs: [] },
        before: { url: `${receiver.url}/hook?a=1`, method: "POST", headers: { "X-Own": "1" }, payload: '{"id":1}' },
      },
    ]);
    expect((await send("GET", `${path}/transformation`)).json.code).toBe(SIMPLE);
    const failing = { ...body, code: "function handler() {\n  throw new Error('no');\n}" };
    const refused = await send("POST", `${path}/transformation/simulate`, failing);
    expect([refused.status, refused.json.detail[0].msg]).toEqual([422, "line 2, column 18: Error: no"]);
    const cancelled = { ...body, code: "function handler() { return { cancel: true, payload: 1 }; }" };
    expect((await send("POST", `${path}/transformation/simulate`, cancelled)).json.cancel).toBe(true);
  });

  test("a simulation runs on a stored message with its exact payload, headers, event type and channels", async () => {
    const { app, path } = await endpointWith(null);
    const transformationsParams = { rawPayload: '{"n": 9007199254740993}', headers: { "X-Message": "m" } };
    const message = await sendMessage(send, app, { eventType: "a.stored", channels: ["c"], transformationsParams });
    const simulate = (fields: object) => send("POST", `${path}/transformation/simulate`, { code: SIMPLE, ...fields });
    const { status, json } = await simulate({ messageId: message });
    expect([status, json.payload, json.headers]).toEqual([200, '{"n": 9007199254740993}', { "X-Message": "m" }]);
    expect(json.before).toEqual({ url: json.url, method: "POST", headers: json.headers, payload: json.payload });
    const code = `function handler(webhook) {
      console.log("seen", webhook.id);
      webhook.cancel = [webhook.id, webhook.timestamp, webhook.eventType, webhook.channels].join(" ");
      return webhook;
    }`;
    const cancelled = (await simulate({ code, messageId: message })).json;
    const { timestamp } = (await send("GET", `/app/${app}/msg/${message}`)).json;
    expect([cancelled.cancel, cancelled.cancelReason]).toEqual([true, `${message} ${timestamp} a.stored c`]);
    expect(cancelled.logs).toEqual([`seen ${message}`]);
    expect(cancelled.before.payload).toBe('{"n": 9007199254740993}');
    for (const [fields, answer] of [
      [{ messageId: `${message.slice(0, -1)}${message.endsWith("0") ? 1 : 0}` }, 404],
      [{ messageId: message, payload: 1, eventType: "a.b" }, 422],
      [{ eventType: "a.b" }, 422],
      [{ payload: 1 }, 422],
    ] as const) {
      expect([fields, (await simulate(fields)).status]).toEqual([fields, answer]);
    }
    await send("DELETE", `/app/${app}/msg/${message}/content`);
    expect((await simulate({ messageId: message })).json.code).toBe("missing_payload");
  });

  test("a simulation on a stored message needs the scope to read messages", async () => {
    const { app, path } = await endpointWith(null);
    const message = await sendMessage(send, app, {});
    const { token } = (
      await send("POST", "/management/authentication/default/api-token", { name: "some", scopes: ["endpoint:*"] })
    ).json;
    const simulate = (fields: object) =>
      send("POST", `${path}/transformation/simulate`, { code: SIMPLE, ...fields }, { token });
    expect((await simulate({ payload: 1, eventType: "a.b" })).status).toBe(200);
    const refused = await simulate({ messageId: message });
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining("message:Read")]);
  });

  test("another application's token does not find the transformation", async () => {
    const { path } = await endpointWith(SIMPLE);
    const other = await makeApplication(send);
    const token = await server.createToken(`--app=${other}`);
    for (const [method, body] of [
      ["GET", undefined],
      ["PATCH", { enabled: false }],
    ] as const) {
      expect((await send(method, `${path}/transformation`, body, { token })).status).toBe(404);
    }
  });
});

describe("a delivery to an endpoint with a transformation", () => {
  test("the code changes the payload, the headers, the path and the method, and the attempt shows it", async () => {
    const code = `function handler(webhook) {
      console.log("type", webhook.eventType);
      webhook.payload.added = [1, 2];
      delete webhook.headers["X-Own"];
      webhook.headers["X-New"] = "n";
      webhook.headers["content-type"] = "application/vnd.test+json";
      webhook.url = webhook.url.replace("/hook?a=1", "/changed?b=2");
      webhook.method = "PUT";
      return webhook;
    }`;
    const { app } = await endpointWith(code, { headers: { "X-Own": "1" } });
    const attempt = await attemptOf(app, { payload: { a: 1 } });
    const arrived = receiver.received.at(-1)!;
    expect(arrived.path).toBe("/changed?b=2");
    expect(arrived.body.toString()).toBe('{"a":1,"added":[1,2]}');
    expect(arrived.headers.get("x-own")).toBeNull();
    expect(arrived.headers.get("x-new")).toBe("n");
    expect(arrived.headers.get("content-type")).toBe("application/vnd.test+json");
    expect(attempt).toMatchObject({
      ...{ url: `${receiver.url}/changed?b=2`, requestMethod: "PUT", requestPayload: '{"a":1,"added":[1,2]}' },
      ...{ logs: ["type a"], reason: null, status: 0 },
    });
  });

  test("an unchanged payload is sent byte for byte", async () => {
    const { app } = await endpointWith(SIMPLE);
    const id = await (async () => {
      const body = '{"eventType":"a","payload":{"n":1.0,  "big":12345678901234567890}}';
      return (await send("POST", `/app/${app}/msg`, body)).json.id;
    })();
    const [arrived] = await receiver.arrived(1, (request) => request.id === id);
    expect(arrived!.body.toString()).toBe('{"n":1.0,  "big":12345678901234567890}');
  });

  test("a text as payload is sent as it is", async () => {
    const { app } = await endpointWith("function handler(webhook) { webhook.payload = 'plain text'; return webhook; }");
    expect((await arrivalOf(app)).body.toString()).toBe("plain text");
  });

  test("a payload that is not JSON is a text for the code", async () => {
    const code = "function handler(webhook) { webhook.payload = webhook.payload.toUpperCase(); return webhook; }";
    const { app } = await endpointWith(code);
    const raw = { transformationsParams: { rawPayload: "<xml/>", headers: { "content-type": "text/xml" } } };
    const arrived = await arrivalOf(app, raw);
    expect([arrived.body.toString(), arrived.headers.get("content-type")]).toEqual(["<XML/>", "text/xml"]);
  });

  test("a cancelled delivery sends nothing and is final", async () => {
    const { app, path } = await endpointWith("function handler() { return { cancel: 'not wanted', payload: null }; }");
    const attempt = await attemptOf(app);
    expect(attempt).toMatchObject({ reason: null, response: "not wanted", responseStatusCode: 0, nextAttempt: null });
    const list = `/app/${app}/attempt/msg/${attempt.msgId}`;
    expect((await send("GET", list)).json.data[0].status).toBe(0);
    expect((await send("GET", `${list}?expanded_statuses=true`)).json.data[0].statusText).toBe("canceled");
    expect((await send("GET", `/dead-letter?app_id=${app}`)).json.data).toEqual([]);
    expect((await send("GET", path)).json.failingSince ?? null).toBeNull();
    expect(receiver.received.some(({ id }) => id === attempt.msgId)).toBe(false);
  });

  const FAILURES: ReadonlyArray<readonly [what: string, code: string, response: string]> = [
    ["it throws", "function handler() {\n\n  throw new TypeError('no');\n}", "line 3: TypeError: no"],
    ["it never ends", "\nfunction handler() { for (;;); }", "line 2: timeout in the function that begins here"],
    ["it uses too much memory", "function handler() {\n  return new ArrayBuffer(1e9);\n}", "line 2: memory"],
    ["it returns nothing", "function handler(webhook) {}", "`handler` must return the webhook."],
    ["it returns a list", "function handler(webhook) { return []; }", "`handler` must return the webhook."],
    ["it returns no payload", "function handler(w) { delete w.payload; return w; }", "`payload` must be a value"],
    ["it changes the host", "function handler(w) { w.url = 'http://127.0.0.2/'; return w; }", "`url`: only the path"],
    ["it changes the port", "function handler(w) { w.url = w.url.replace(/:[0-9]+/, ':1'); return w; }", "`url`: only"],
    ["it adds a password", "function handler(w) { w.url = w.url.replace('//', '//a:b@'); return w; }", "`url`: only"],
    ["its URL is none", "function handler(w) { w.url = 'hook'; return w; }", "`url` must be a URL."],
    ["its URL is too long", "function handler(w) { w.url += 'x'.repeat(70000); return w; }", "`url` must have at most"],
    ["its reason to cancel is not a string", "function handler(w) { w.cancel = 1; return w; }", "`cancel` must be"],
    ["its method is not allowed", "function handler(w) { w.method = 'GET'; return w; }", "`method` must be"],
    [
      "it sets the host header",
      "function handler(w) { w.headers.Host = 'a'; return w; }",
      "`headers`: The header Host",
    ],
    ["it replaces the signature", "function handler(w) { w.headers['webhook-id'] = 'a'; return w; }", "`headers`: The"],
    [
      "it splits a header",
      "function handler(w) { w.headers.a = 'b\\r\\nc: d'; return w; }",
      "`headers`: Only printable",
    ],
    ["a header is not a string", "function handler(w) { w.headers.a = 5; return w; }", "`headers` must be an object"],
    [
      "its payload is too large",
      "function handler(w) { w.payload = 'x'.repeat(70000); return w; }",
      "`payload` has more",
    ],
  ];
  for (const [what, code, response] of FAILURES) {
    test(`the attempt fails and nothing is sent if ${what}`, async () => {
      const { app } = await endpointWith(code);
      const attempt = await attemptOf(app);
      expect(attempt).toMatchObject({ reason: "transformation", responseStatusCode: 0, statusText: "fail" });
      expect(attempt.response).toStartWith(response);
      expect(receiver.received.some(({ id }) => id === attempt.msgId)).toBe(false);
    });
  }

  test("a failing transformation does not affect the other endpoints of the message", async () => {
    const { app } = await endpointWith("function handler() { throw 1; }");
    await makeEndpoint(send, app, `${receiver.url}/plain`);
    const id = await sendMessage(send, app);
    const [arrived] = await receiver.arrived(1, (request) => request.id === id);
    expect(arrived!.path).toBe("/plain");
  });

  test("corrected code applies to what is resent", async () => {
    const { app, path } = await endpointWith("function handler() { throw 1; }");
    const id = await sendMessage(send, app);
    await attemptsOf(send, app, id);
    await send("PATCH", `${path}/transformation`, { code: SIMPLE });
    await send("POST", `/app/${app}/msg/${id}/endpoint/${path.split("/").at(-1)}/resend`);
    expect((await receiver.arrived(1, (request) => request.id === id)).length).toBe(1);
  });

  test("the password of a URL is hidden from the code and still sent", async () => {
    const code = "function handler(w) { w.payload = w.url; w.url += '&x=1'; return w; }";
    const { app } = await endpointWith(code, {}, `${receiver.url.replace("//", "//user:secret@")}/hook?a=1`);
    const arrived = await arrivalOf(app);
    expect(arrived.body.toString()).toContain("user:***@");
    expect(arrived.path).toBe("/hook?a=1&x=1");
    expect(arrived.headers.get("authorization")).toBe(`Basic ${btoa("user:secret")}`);
  });

  test("the values of sensitive headers are hidden from the code and still sent", async () => {
    const code = "function handler(w) { w.payload = { ...w.headers }; w.headers.other = '***'; return w; }";
    const { app, path } = await endpointWith(code, { headers: { "X-Api-Key": "s3cret", "X-Team": "billing" } });
    const arrived = await arrivalOf(app);
    expect(JSON.parse(arrived.body.toString())).toEqual({ "X-Api-Key": "***", "X-Team": "billing" });
    expect([arrived.headers.get("x-api-key"), arrived.headers.get("other")]).toEqual(["s3cret", "***"]);
    const simulated = await send("POST", `${path}/transformation/simulate`, { code, eventType: "a", payload: {} });
    expect(simulated.json.headers).toEqual({ "X-Api-Key": "***", "X-Team": "billing", other: "***" });
    expect(simulated.text).not.toContain("s3cret");
  });

  test("a masked header named like a property of every object is sent as the code wrote it", async () => {
    const code = `function handler(w) {
      w.headers = JSON.parse('{"__proto__": "***", "constructor": "***"}');
      return w;
    }`;
    const { app } = await endpointWith(code);
    const { headers } = await arrivalOf(app);
    expect([headers.get("__proto__"), headers.get("constructor")]).toEqual(["***", "***"]);
  });

  test("an inbox of this server receives what the code made, but the code cannot leave the inbox", async () => {
    const inbox = freshUid("inbox");
    const code = "function handler(w) { w.payload = { made: 1 }; return w; }";
    const { app, path } = await endpointWith(code, {}, `${server.url}/inbox/${inbox}`);
    await attemptOf(app);
    const received = await until(
      async () => (await send("GET", `/inbox/${inbox}`)).json.data,
      (requests) => requests.length === 1,
    );
    expect(received[0].body).toBe('{"made":1}');
    const leaving = "function handler(w) { w.url = w.url.replace(/inbox.*/, 'api/v1/health'); return w; }";
    await send("PATCH", `${path}/transformation`, { code: leaving });
    expect((await attemptOf(app)).responseStatusCode).not.toBe(200);
  });
});

describe("a transformation of an endpoint of a source", () => {
  test("the code gets the sender's headers and body, and its result is sent", async () => {
    const source = (await send("POST", "/ingest/api/v1/source", { name: "Any", type: "generic-webhook" })).json;
    const made = await send("POST", `/ingest/api/v1/source/${source.id}/endpoint`, { url: `${receiver.url}/in` });
    const path = `/ingest/api/v1/source/${source.id}/endpoint/${made.json.id}/transformation`;
    const code = `function handler(input) {
      return { headers: { ...input.headers, "X-Sender": input.headers["x-from"] }, body: input.body.toUpperCase() };
    }`;
    const simulated = await send("POST", `${path}/simulate`, { code, headers: { "X-From": "s" }, body: "abc" });
    expect([simulated.status, simulated.json]).toEqual([
      200,
      {
        ...{ headers: { "x-from": "s", "x-sender": "s" }, body: "ABC", cancel: false, cancelReason: null, logs: [] },
        before: { headers: { "x-from": "s" }, body: "abc" },
      },
    ]);
    expect((await send("PATCH", path, { code, enabled: true })).status).toBe(204);
    const headers = { "x-from": "me", "content-type": "text/plain" };
    expect((await fetch(source.ingestUrl, { method: "POST", headers, body: "hello" })).ok).toBe(true);
    const [arrived] = await receiver.arrived(1, (request) => request.path === "/in");
    expect(arrived!.body.toString()).toBe("HELLO");
    expect(arrived!.headers.get("x-sender")).toBe("me");
    expect(arrived!.headers.get("content-type")).toBe("text/plain");
    expect(arrived!.headers.get("boathook-source")).toBe(source.id);
    const { data } = (await send("GET", `/app/${source.appId}/msg`)).json;
    const stored = (await send("POST", `${path}/simulate`, { code, messageId: data[0].id })).json;
    expect([stored.body, stored.headers["x-sender"], stored.before.body]).toEqual(["HELLO", "me", "hello"]);
  });

  test("a body that is not UTF-8 fails the attempt", async () => {
    const source = (await send("POST", "/ingest/api/v1/source", { name: "Any", type: "generic-webhook" })).json;
    const made = await send("POST", `/ingest/api/v1/source/${source.id}/endpoint`, { url: `${receiver.url}/bytes` });
    const path = `/ingest/api/v1/source/${source.id}/endpoint/${made.json.id}`;
    await send("PATCH", `${path}/transformation`, { code: "function handler(input) { return input; }", enabled: true });
    await fetch(source.ingestUrl, { method: "POST", body: Uint8Array.of(0xff, 0xfe) });
    const letters = await until(
      async () => (await send("GET", `/dead-letter?endpoint_id=${made.json.id}`)).json.data,
      (data) => data.length === 1,
    );
    expect(letters[0]).toMatchObject({
      reason: "transformation",
      lastAttempt: { response: "The payload is not UTF-8." },
    });
  });
});
