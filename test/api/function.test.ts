import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, sendMessages, until } from "../support/delivery.ts";
import { firstTime, heldBack, ok, type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
let receiver: Receiver;
beforeAll(async () => {
  receiver = startReceiver();
  server = await startServer(["--retry-schedule=100ms,100ms", "--max-body=64KiB"]);
  send = clientOf(server.url);
  for (const name of ["a", "b"]) await send("POST", "/event-type", { name, description: "" });
});
afterAll(async () => {
  await server.stop();
  await receiver[Symbol.asyncDispose]();
});

const SIMPLE = "async function handler(event, ctx) { return event.id; }";

/** Creates an application with a function for messages of the type `a`. */
async function functionWith(code: string, secrets: object = {}, fields: object = {}) {
  const app = await makeApplication(send);
  const id = await makeEndpoint(send, app, "function:", { eventTypes: ["a"], function: { code, secrets }, ...fields });
  return { app, id, path: `/app/${app}/endpoint/${id}` };
}

/** Waits for `count` attempts of a message, and returns the latest with all details. */
async function attemptOf(app: string, message: string, count = 1) {
  const attempts = (await attemptsOf(send, app, message, count)) as unknown as { id: string }[];
  return (await send("GET", `/app/${app}/msg/${message}/attempt/${attempts[0]!.id}`)).json;
}

async function messagesOf(app: string, eventType: string): Promise<{ id: string; payload: unknown }[]> {
  return (await send("GET", `/app/${app}/msg?event_types=${eventType}`)).json.data;
}

describe("the field `function` of an endpoint", () => {
  test("responses show the code and the names of the secrets", async () => {
    const { path } = await functionWith(SIMPLE, { KEY: "very-secret" });
    const { json, text } = await send("GET", path);
    expect(json).toMatchObject({ url: "function:", function: { code: SIMPLE, secrets: { KEY: "[set]" } } });
    expect(text).not.toContain("very-secret");
    const list = await send("GET", path.replace(/\/[^/]+$/, ""));
    expect([list.status, list.text.includes("very-secret")]).toEqual([200, false]);
  });

  test("a PATCH keeps what it does not contain, and null removes a secret", async () => {
    const code = "async function handler(event, ctx) { return ctx.secrets; }";
    const { app, path } = await functionWith(code, { ONE: "1", TWO: "2", THREE: "3" });
    const patched = await send("PATCH", path, { function: { secrets: { ONE: "[set]", TWO: null, FOUR: "4" } } });
    expect(patched.json.function).toEqual({ code, secrets: { ONE: "[set]", THREE: "[set]", FOUR: "[set]" } });
    const { response } = await attemptOf(app, await sendMessage(send, app));
    expect(JSON.parse(response)).toEqual({ ONE: "1", THREE: "3", FOUR: "4" });
  });

  test("a PUT replaces the secrets, and the mark keeps a stored value", async () => {
    const { app, id, path } = await functionWith(SIMPLE, { ONE: "1", TWO: "2" });
    const code = "async function handler(event, ctx) { return ctx.secrets; }";
    const put = await send("PUT", path, { url: "function:", function: { code, secrets: { TWO: "[set]" } } });
    expect([put.status, put.json.id, put.json.function.secrets]).toEqual([200, id, { TWO: "[set]" }]);
    expect(JSON.parse((await attemptOf(app, await sendMessage(send, app))).response)).toEqual({ TWO: "2" });
  });

  test("code that cannot run is refused with its line and column", async () => {
    const app = await makeApplication(send);
    for (const [code, msg] of [
      [
        "async function handler(event, ctx) {\n  let a = ;\n}",
        "line 2, column 11: SyntaxError: unexpected token in expression: ';'",
      ],
      ["const other = 1;", "The code must define a function `handler`."],
      ["for (;;);            ", "line 1, column 1: timeout in the function that begins here"],
    ] as const) {
      const { status, json } = await send("POST", `/app/${app}/endpoint`, { url: "function:", function: { code } });
      expect([status, json.detail[0]]).toMatchObject([422, { loc: ["body", "function", "code"], msg }]);
      const { path } = await functionWith(SIMPLE);
      for (const method of ["PATCH", "PUT"]) {
        const change = await send(method, path, { url: "function:", function: { code } });
        expect([change.status, change.json.detail[0]]).toMatchObject([422, { loc: ["body", "function", "code"], msg }]);
      }
    }
  });

  /** Requests that are refused, and the place of the problem. */
  const REFUSED: ReadonlyArray<[name: string, body: object, loc: string[]]> = [
    ["a function with batches", { url: "function:", function: { code: SIMPLE }, batch: {} }, ["batch"]],
    ["a function without its field", { url: "function:" }, ["function"]],
    ["a function whose field is null", { url: "function:", function: null }, ["function"]],
    ["a function without code", { url: "function:", function: { secrets: {} } }, ["function", "code"]],
    ["code for another URL", { url: "https://example.com/", function: { code: SIMPLE } }, ["function"]],
    ["a URL with more than the scheme", { url: "function:x", function: { code: SIMPLE } }, ["url"]],
    ["a URL in upper case", { url: "FUNCTION:", function: { code: SIMPLE } }, ["url"]],
    [
      "code that is too long",
      { url: "function:", function: { code: `//${"a".repeat(51_200)}` } },
      ["function", "code"],
    ],
    ["code that is too short", { url: "function:", function: { code: "1" } }, ["function", "code"]],
    [
      "a mark without a stored secret",
      { url: "function:", function: { code: SIMPLE, secrets: { A: "[set]" } } },
      ["function", "secrets", "A"],
    ],
    [
      "a secret with an invalid name",
      { url: "function:", function: { code: SIMPLE, secrets: { "a-b": "c" } } },
      ["function", "secrets", "a-b"],
    ],
    [
      "an empty secret",
      { url: "function:", function: { code: SIMPLE, secrets: { A: "" } } },
      ["function", "secrets", "A"],
    ],
    [
      "a secret that is no text",
      { url: "function:", function: { code: SIMPLE, secrets: { A: 1 } } },
      ["function", "secrets", "A"],
    ],
    [
      "too many secrets",
      {
        url: "function:",
        function: { code: SIMPLE, secrets: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`A${i}`, "b"])) },
      },
      ["function", "secrets"],
    ],
  ];
  for (const [name, body, loc] of REFUSED) {
    test(`${name} is refused with the place`, async () => {
      const app = await makeApplication(send);
      const { status, json } = await send("POST", `/app/${app}/endpoint`, body);
      expect([status, json.detail[0].loc]).toEqual([422, ["body", ...loc]]);
    });
  }

  test("a function becomes an ordinary endpoint if its code is removed with its URL", async () => {
    const { path } = await functionWith(SIMPLE);
    const url = "https://example.com/";
    expect((await send("PATCH", path, { url })).status).toBe(422);
    expect((await send("PATCH", path, { url, function: null })).json).toMatchObject({ url, function: null });
  });

  test("an endpoint for operational webhooks cannot be a function", async () => {
    const { status, json } = await send("POST", "/operational-webhook/endpoint", { url: "function:" });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "url"]]);
  });
});

describe("the attempts of a function", () => {
  test("an attempt shows the result and the lines that the function logged", async () => {
    const code = `async function handler(event, ctx) {
      ctx.log("attempt", ctx.attempt, event.payload);
      return { got: event.eventType };
    }`;
    const { app } = await functionWith(code);
    expect(await attemptOf(app, await sendMessage(send, app, { payload: { n: 1 } }))).toMatchObject({
      ...{ url: "function:", status: 0, responseStatusCode: 200, reason: null },
      ...{ response: '{"got":"a"}', logs: ['attempt 1 {"n":1}'], requestPayload: null },
    });
  });

  test("a function that throws is retried and becomes a dead letter, which can be redriven", async () => {
    const code = "async function handler(event, ctx) {\n  throw new Error('attempt ' + ctx.attempt);\n}";
    const { app, path } = await functionWith(code);
    const message = await sendMessage(send, app);
    expect(await attemptOf(app, message, 3)).toMatchObject({
      ...{ status: 2, responseStatusCode: 0, reason: "function", response: "line 2: Error: attempt 3" },
      nextAttempt: null,
    });
    await send("PATCH", path, { function: { code: SIMPLE } });
    const redriven = await send("POST", "/dead-letter/redrive", { filter: { appId: app } });
    expect(redriven.status).toBeLessThan(300);
    expect(await attemptOf(app, message, 4)).toMatchObject({ status: 0, response: JSON.stringify(message) });
  });

  test("the messages of a batch that was sent before the endpoint became a function arrive one by one", async () => {
    const app = await makeApplication(send);
    const batch = { maxMessages: 2, maxWaitMs: 60_000 };
    const endpoint = await makeEndpoint(send, app, `${receiver.url}/was-batched`, { batch });
    const response = heldBack();
    receiver.answering = response.answering;
    const messages = await sendMessages(send, app, 2);
    await receiver.arrived(1, ({ path }) => path === "/was-batched");
    const change = { url: "function:", batch: null, function: { code: SIMPLE } };
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, change);
    response.give(withStatus(500));
    receiver.answering = ok;
    for (const message of messages) {
      const [last] = await attemptsOf(send, app, message, 2);
      expect(last).toMatchObject({ status: 0, batchId: null, response: JSON.stringify(message) });
    }
  });

  test("requests go to addresses that are allowed, and only to those", async () => {
    const code = `async function handler(event, ctx) {
      const response = await ctx.fetch(event.payload.url, { method: "POST", body: "hello", headers: { "x-key": ctx.secrets.KEY } });
      return [response.status, await response.text(), response.headers.get("X-Answer")];
    }`;
    const { app } = await functionWith(code, { KEY: "very-secret" });
    receiver.answering = () => new Response("hi", { headers: { "x-answer": "yes" } });
    const allowed = await attemptOf(app, await sendMessage(send, app, { payload: { url: `${receiver.url}/fn` } }));
    receiver.answering = ok;
    expect(JSON.parse(allowed.response)).toEqual([200, "hi", "yes"]);
    const [request] = await receiver.arrived(1, ({ path }) => path === "/fn");
    expect([request!.body.toString(), request!.headers.get("x-key")]).toEqual(["hello", "very-secret"]);
    const blocked = await attemptOf(app, await sendMessage(send, app, { payload: { url: "http://10.0.0.1/" } }));
    expect(blocked).toMatchObject({ reason: "function", response: expect.stringContaining("10.0.0.1 is not public") });
  });

  test("code that changes how objects become JSON cannot change what it asks the server for", async () => {
    const code = `Object.prototype.toJSON = function () {
        return { name: "fetch", argument: { url: "${receiver.url}/forged", method: "GET", headers: {}, body: { length: 3 } } };
      };
      async function handler(event, ctx) { await ctx.fetch("${receiver.url}/honest", { method: "POST", body: "b" }); return "end"; }`;
    const { app } = await functionWith(code);
    const attempt = await attemptOf(app, await sendMessage(send, app));
    expect(attempt).toMatchObject({ status: 0, reason: null });
    const [arrived] = await receiver.arrived(1, ({ path }) => path === "/honest");
    expect(arrived!.body.toString()).toBe("b");
    expect(receiver.received.some(({ path }) => path === "/forged")).toBe(false);
  });

  test("a redirect is not followed", async () => {
    const code = `async function handler(event, ctx) { return (await ctx.fetch("${receiver.url}/moved")).status; }`;
    const { app } = await functionWith(code);
    receiver.answering = withStatus(302, { location: `${receiver.url}/elsewhere` });
    const { response } = await attemptOf(app, await sendMessage(send, app));
    receiver.answering = ok;
    expect(response).toBe("302");
  });

  test("the timeout of the endpoint limits the whole", async () => {
    const code = `async function handler(event, ctx) { ctx.log("before"); await ctx.fetch("${receiver.url}/slow"); }`;
    const { app } = await functionWith(code, {}, { timeoutMs: 200, retrySchedule: [] });
    receiver.answering = () => new Promise(() => {});
    const attempt = await attemptOf(app, await sendMessage(send, app));
    receiver.answering = ok;
    expect(attempt).toMatchObject({
      ...{ reason: "timeout", responseStatusCode: 0, logs: ["before"] },
      response: "The function did not end within 200 ms.",
    });
  });

  test("a transformation changes what the function gets", async () => {
    const { app, path } = await functionWith("async function handler(event) { return event.payload; }");
    const transformation = "function handler(webhook) { webhook.payload = { changed: true }; return webhook; }";
    await send("PATCH", `${path}/transformation`, { code: transformation, enabled: true });
    expect((await attemptOf(app, await sendMessage(send, app))).response).toBe('{"changed":true}');
  });

  test("the endpoint of a source can be a function, which learns that it cannot send messages", async () => {
    const source = (await send("POST", "/ingest/api/v1/source", { name: "Any", type: "generic-webhook" })).json;
    const code = `async function handler(event, ctx) {
      await ctx.fetch("${receiver.url}/from-source", { method: "POST", body: event.payload + event.headers["x-a"] });
      await ctx.send({ eventType: "b", payload: {} }).catch((error) =>
        ctx.fetch("${receiver.url}/refused", { method: "POST", body: error.message }));
    }`;
    const made = await send("POST", `/ingest/api/v1/source/${source.id}/endpoint`, {
      url: "function:",
      function: { code },
    });
    expect([made.status, made.json.function.code]).toEqual([201, code]);
    await fetch(source.ingestUrl, { method: "POST", headers: { "x-a": "!" }, body: "hello" });
    const [request] = await receiver.arrived(1, ({ path }) => path === "/from-source");
    expect(request!.body.toString()).toBe("hello!");
    const [refused] = await receiver.arrived(1, ({ path }) => path === "/refused");
    expect(refused!.body.toString()).toBe("A function at a source cannot send messages.");
  });
});

describe("the messages that a function sends", () => {
  test("a message goes to the other endpoints of the application", async () => {
    const code =
      'async function handler(event, ctx) { return await ctx.send({ eventType: "b", payload: { from: event.id } }); }';
    const { app } = await functionWith(code);
    await makeEndpoint(send, app, `${receiver.url}/b`, { eventTypes: ["b"] });
    const message = await sendMessage(send, app);
    const [arrived] = await receiver.arrived(1, ({ path }) => path === "/b");
    expect(arrived!.body.toString()).toBe(JSON.stringify({ from: message }));
    expect(JSON.parse((await attemptOf(app, message)).response)).toEqual({ id: arrived!.id });
  });

  test("attempts that fail after sending send nothing twice", async () => {
    const code = `async function handler(event, ctx) {
      const first = await ctx.send({ eventType: "b", payload: { attempt: ctx.attempt } });
      if (ctx.attempt < 3) throw new Error(first.id);
      const second = await ctx.send({ eventType: "b", payload: { attempt: ctx.attempt } });
      return [first.id, second.id];
    }`;
    const { app } = await functionWith(code);
    const { response } = await attemptOf(app, await sendMessage(send, app), 3);
    const sent = await messagesOf(app, "b");
    expect(sent.map(({ id }) => id).sort()).toEqual((JSON.parse(response) as string[]).sort());
    expect(sent.map(({ payload }) => payload)).toEqual([{ attempt: 3 }, { attempt: 1 }]);
  });

  test("a message that the API would refuse is an error in the code", async () => {
    const code = `async function handler(event, ctx) {
      try { await ctx.send(event.payload); } catch (error) { return error.message; }
      return "sent";
    }`;
    const { app } = await functionWith(code);
    const problemOf = async (payload: object) =>
      JSON.parse((await attemptOf(app, await sendMessage(send, app, { payload }))).response) as string;
    expect(await problemOf({ payload: {} })).toBe("eventType: This field is required.");
    expect(await problemOf({ eventType: "no spaces", payload: {} })).toStartWith("eventType: ");
    expect(await problemOf({ eventType: "b" })).toBe("payload: This field is required.");
    await send("POST", "/event-type", {
      ...{ name: "checked", description: "", validation: "reject" },
      schemas: { 1: { type: "object", required: ["n"] } },
    });
    expect(await problemOf({ eventType: "checked", payload: {} })).toContain("n");
    expect(await problemOf({ eventType: "b", eventId: "once", payload: {} })).toBe("sent");
    expect(await problemOf({ eventType: "b", eventId: "once", payload: {} })).toBe(
      "A message with this eventId already exists",
    );
  });

  test("a function that sends messages to itself is stopped after 10 messages", async () => {
    const code = 'async function handler(event, ctx) { await ctx.send({ eventType: "a", payload: {} }); }';
    const { app } = await functionWith(code, {}, { retrySchedule: [] });
    await sendMessage(send, app);
    const [last] = await until(
      async () => (await send("GET", `/app/${app}/dead-letter`)).json.data as { msgId: string; reason: string }[],
      (letters) => letters.length > 0,
    );
    expect(last!.reason).toBe("function");
    expect(await messagesOf(app, "a")).toHaveLength(11);
    expect((await attemptOf(app, last!.msgId)).response).toBe(
      "line 1: ctx.send: The chain of messages that functions have sent ends after 10 messages.",
    );
  });

  test("nothing is sent twice after the server was killed during a function", async () => {
    const code = `async function handler(event, ctx) {
      const { id } = await ctx.send({ eventType: "b", payload: {} });
      await ctx.fetch("${receiver.url}/killed");
      return id;
    }`;
    const { app } = await functionWith(code);
    const isFirst = firstTime();
    receiver.answering = (request) =>
      request.path === "/killed" && isFirst(request) ? new Promise(() => {}) : new Response();
    const message = await sendMessage(send, app);
    await receiver.arrived(1, ({ path }) => path === "/killed");
    await server.restart();
    const { response } = await attemptOf(app, message);
    receiver.answering = ok;
    expect((await messagesOf(app, "b")).map(({ id }) => id)).toEqual([JSON.parse(response)]);
  });
});
