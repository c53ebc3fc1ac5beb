import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, sendMessages } from "../support/delivery.ts";
import { type Received, type Receiver, startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { makeSource } from "../support/source.ts";

let server: TestServer;
let send: Send;
let receiver: Receiver;
beforeAll(async () => {
  server = await startServer(["--retry-schedule=10ms"]);
  send = clientOf(server.url);
  receiver = startReceiver();
});
afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  await server.stop();
});

interface ThinEvent {
  readonly id: string;
  readonly eventType: string;
  readonly timestamp: string;
  readonly url: string;
}

const thinEventOf = ({ body }: Received) => JSON.parse(body.toString()) as ThinEvent;
const statusOf = async (url: string, init: RequestInit = {}) => (await fetch(url, init)).status;
const PAYLOAD = '{"n":12345678901234567890, "rate":1.50}';

/** Creates an application with an endpoint that gets thin events. */
async function thinEndpoint(fields: object = {}, client = send) {
  const app = await makeApplication(client);
  const path = `/thin/${freshUid()}`;
  const endpoint = await makeEndpoint(client, app, receiver.url + path, { payloadMode: "reference", ...fields });
  const arrived = (count = 1) => receiver.arrived(count, (request) => request.path === path);
  return { app, endpoint, path, arrived, at: `/app/${app}/endpoint/${endpoint}` };
}

/** Creates such an endpoint, sends it a message, and returns the request that arrived. */
async function delivered(fields: object = {}) {
  const made = await thinEndpoint(fields);
  const sent = await send("POST", `/app/${made.app}/msg`, `{"eventType":"a.b","payload":${PAYLOAD}}`);
  const [request] = await made.arrived();
  return { ...made, request: request!, message: sent.json, event: thinEventOf(request!) };
}

describe("the field `payloadMode` of an endpoint", () => {
  test("the mode is `full` by default, and PUT and PATCH change it", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, receiver.url);
    const path = `/app/${app}/endpoint/${endpoint}`;
    expect((await send("GET", path)).json.payloadMode).toBe("full");
    expect((await send("PATCH", path, { payloadMode: "reference" })).json.payloadMode).toBe("reference");
    expect((await send("PATCH", path, { description: "x" })).json.payloadMode).toBe("reference");
    expect((await send("PUT", path, { url: receiver.url })).json.payloadMode).toBe("full");
    expect((await send("PUT", path, { url: receiver.url, payloadMode: "reference" })).json.payloadMode).toBe(
      "reference",
    );
  });

  test.each([["thin"], [""], [null], [5], [{}]])("the mode %p is refused", async (payloadMode) => {
    const app = await makeApplication(send);
    const { status, json } = await send("POST", `/app/${app}/endpoint`, { url: receiver.url, payloadMode });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "payloadMode"]]);
  });

  test("a function cannot get thin events", async () => {
    const app = await makeApplication(send);
    const code = { code: "async function handler() {}" };
    const body = { url: "function:", function: code, payloadMode: "reference" };
    const created = await send("POST", `/app/${app}/endpoint`, body);
    expect([created.status, created.json.detail[0].loc]).toEqual([422, ["body", "payloadMode"]]);
    const endpoint = await makeEndpoint(send, app, "function:", { function: code });
    const changed = await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { payloadMode: "reference" });
    expect([changed.status, changed.json.detail[0].loc]).toEqual([422, ["body", "payloadMode"]]);
  });
});

describe("a thin event", () => {
  test("a thin event has the id, the type and the time of the message, and a signature, but not the payload", async () => {
    const { request, message, event, at } = await delivered();
    expect(request.headers.get("content-type")).toBe("application/json");
    const { key } = (await send("GET", `${at}/secret`)).json;
    expect(new Webhook(key).verify(request.body.toString(), Object.fromEntries(request.headers))).toEqual(event);
    expect(event).toEqual({
      ...{ id: message.id, eventType: "a.b", timestamp: message.timestamp },
      url: expect.stringMatching(new RegExp(`^${server.url}/payload/[A-Za-z0-9_-]{48}$`)),
    });
    expect(request.headers.get("webhook-id")).toBe(message.id);
  });

  test("each attempt has a URL of its own, and each of them works once", async () => {
    const { app, arrived } = await thinEndpoint();
    receiver.answering = ({ headers }) => new Response(null, { status: headers.has("x-ok") ? 204 : 500 });
    await send("POST", `/app/${app}/msg`, `{"eventType":"a","payload":${PAYLOAD}}`);
    const requests = await arrived(2);
    receiver.answering = () => new Response(null, { status: 204 });
    const urls = requests.map((request) => thinEventOf(request).url);
    expect(new Set(urls).size).toBe(2);
    for (const url of urls) {
      expect(await (await fetch(url)).text()).toBe(PAYLOAD);
      expect(await statusOf(url)).toBe(410);
    }
  });

  test("attempts show the thin event without the part of the URL that gives access", async () => {
    const { app, message, event } = await delivered();
    const [attempt] = (await attemptsOf(send, app, message.id)) as unknown as { id: string }[];
    const { json } = await send("GET", `/app/${app}/msg/${message.id}/attempt/${attempt!.id}`);
    expect(JSON.parse(json.requestPayload)).toEqual({ ...event, url: `${server.url}/payload/***` });
    expect(JSON.stringify(json)).not.toContain(event.url);
  });

  test("a transformation gets and changes the thin event", async () => {
    const { app, at, arrived } = await thinEndpoint();
    const code =
      "function handler(w) { console.log(w.payload.url); w.payload = { link: w.payload.url, keys: Object.keys(w.payload) }; return w; }";
    expect((await send("PATCH", `${at}/transformation`, { code, enabled: true })).status).toBeLessThan(300);
    const message = await sendMessage(send, app, { payload: { a: 1 } });
    const [request] = await arrived();
    const { link, keys } = JSON.parse(request!.body.toString());
    expect(keys).toEqual(["id", "eventType", "timestamp", "url"]);
    expect(await (await fetch(link)).json()).toEqual({ a: 1 });
    const [attempt] = (await attemptsOf(send, app, message)) as unknown as { id: string }[];
    const { json } = await send("GET", `/app/${app}/msg/${message}/attempt/${attempt!.id}`);
    expect(json.logs).toEqual([`${server.url}/payload/***`]);
    expect(JSON.parse(json.requestPayload).link).toBe(`${server.url}/payload/***`);
  });

  test("attempts show nothing of the URL that a transformation puts elsewhere", async () => {
    const { app, at } = await thinEndpoint();
    const codes = [
      "webhook.url += '?from=' + encodeURIComponent(webhook.payload.url); webhook.headers['x-from'] = webhook.payload.url;",
      "throw new Error('at ' + webhook.payload.url);",
      "webhook.cancel = 'not at ' + webhook.payload.url;",
    ];
    for (const code of codes) {
      await send("PATCH", `${at}/transformation`, {
        code: `function handler(webhook) { ${code} return webhook; }`,
        enabled: true,
      });
      const message = await sendMessage(send, app);
      const [attempt] = (await attemptsOf(send, app, message)) as unknown as { id: string }[];
      const { text } = await send("GET", `/app/${app}/msg/${message}/attempt/${attempt!.id}`);
      expect(decodeURIComponent(text)).toContain("/payload/***");
      expect(decodeURIComponent(text)).not.toMatch(/\/payload\/[A-Za-z0-9_-]/);
    }
  });

  test("the payloads of a batch are thin events", async () => {
    const { app, arrived } = await thinEndpoint({ batch: { maxMessages: 2, maxWaitMs: 60_000 } });
    const ids = await sendMessages(send, app, 2);
    const [request] = await arrived();
    const elements = JSON.parse(request!.body.toString()) as { id: string; payload: ThinEvent }[];
    expect(elements.map(({ id }) => id)).toEqual(ids);
    expect(elements.map(({ payload }) => payload.id)).toEqual(ids);
    for (const [n, { payload }] of elements.entries()) expect(await (await fetch(payload.url)).json()).toEqual({ n });
    const [attempt] = (await attemptsOf(send, app, ids[0]!)) as unknown as { id: string }[];
    const { json } = await send("GET", `/app/${app}/msg/${ids[0]}/attempt/${attempt!.id}`);
    expect(JSON.parse(json.requestPayload).url).toBe(`${server.url}/payload/***`);
  });

  test("an endpoint of a source gets thin events, and the URL returns the body as it was received", async () => {
    const path = `/source/${freshUid()}`;
    const source = await makeSource(send, receiver.url + path, {
      fields: { type: "generic-webhook", config: {} },
      endpoint: { payloadMode: "reference" },
    });
    const body = "<b>plain text</b>";
    const headers = { "content-type": "text/html", "x-sender": "1" };
    expect(await statusOf(source.url, { method: "POST", body, headers })).toBeLessThan(300);
    const [request] = await receiver.arrived(1, (one) => one.path === path);
    expect(request!.headers.get("content-type")).toBe("application/json");
    expect(request!.headers.get("x-sender")).toBe("1");
    const response = await fetch(thinEventOf(request!).url);
    expect(await response.text()).toBe(body);
    expect(response.headers.get("content-type")).toBe("text/html");
    // A browser must not run it as a page of this server.
    expect(response.headers.get("content-security-policy")).toContain("sandbox");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe("the URL of a thin event", () => {
  test("the URL returns the payload byte for byte with its content type, once", async () => {
    const { event } = await delivered();
    const response = await fetch(event.url);
    expect([response.status, await response.text()]).toEqual([200, PAYLOAD]);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const again = await fetch(event.url);
    expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([410, "gone"]);
  });

  test("HEAD does not use the URL up", async () => {
    const { event } = await delivered();
    const head = await fetch(event.url, { method: "HEAD" });
    expect([head.status, head.headers.get("content-type"), await head.text()]).toEqual([200, "application/json", ""]);
    expect(await (await fetch(event.url)).text()).toBe(PAYLOAD);
    expect(await statusOf(event.url, { method: "HEAD" })).toBe(410);
  });

  test("other methods are refused and do not use the URL up", async () => {
    const { event } = await delivered();
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) expect(await statusOf(event.url, { method })).toBe(405);
    expect(await statusOf(event.url)).toBe(200);
  });

  test("only one of several concurrent GETs gets the payload", async () => {
    const { event } = await delivered();
    const statuses = await Promise.all(Array.from({ length: 8 }, () => statusOf(event.url)));
    expect(statuses.sort()).toEqual([200, ...Array(7).fill(410)]);
  });

  test("a URL that the server did not make is 404", async () => {
    const { event } = await delivered();
    const base = `${server.url}/payload/`;
    const text = event.url.slice(base.length);
    const forged = [
      ...["x", "A".repeat(48), `${text}A`, text.slice(1), `${text.slice(0, 47)}${text[47] === "A" ? "B" : "A"}`],
      ...["%", "%FF", encodeURIComponent(`${text}/`)],
    ];
    for (const one of forged) expect([one, await statusOf(base + one)]).toEqual([one, 404]);
    expect(await statusOf(base)).toBe(404);
    expect(await statusOf(event.url)).toBe(200);
  });

  test("an expunged payload is 410, and so is that of a deleted endpoint or application", async () => {
    const expunged = await delivered();
    await send("DELETE", `/app/${expunged.app}/msg/${expunged.message.id}/content`);
    const ofEndpoint = await delivered();
    await send("DELETE", ofEndpoint.at);
    const ofApplication = await delivered();
    await send("DELETE", `/app/${ofApplication.app}`);
    for (const { event } of [expunged, ofEndpoint, ofApplication]) {
      const response = await fetch(event.url);
      expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([410, "gone"]);
    }
  });

  test("the URL works for an endpoint that was disabled or gets full payloads again", async () => {
    const { event, at } = await delivered();
    await send("PATCH", at, { payloadMode: "full", disabled: true });
    expect(await (await fetch(event.url)).text()).toBe(PAYLOAD);
  });

  test("the URL returns the payload in the version of the endpoint, and a failing downgrade does not use it up", async () => {
    const name = freshUid();
    await send("POST", "/management/environment", { name, type: "development" });
    const within: Send = (method, path, body, options) =>
      send(method, path, body, { headers: { "boathook-environment": name }, ...options });
    const downgrade =
      "function downgrade(payload) { if (payload.bad) throw new Error('no'); payload.old = true; return payload; }";
    await within("POST", "/payload-version", { version: "2026-01-01" });
    await within("POST", "/payload-version", { version: "2026-02-01", downgrade });
    const { app, arrived } = await thinEndpoint({ apiVersion: "2026-01-01" }, within);
    await sendMessage(within, app, { payload: { a: 1 } });
    await sendMessage(within, app, { payload: { bad: true } });
    const events = (await arrived(2)).map(thinEventOf);
    const bodies: unknown[] = [];
    for (const { url } of events) {
      const response = await fetch(url);
      bodies.push([response.status, response.headers.get("webhook-api-version"), await response.json()]);
      expect(await statusOf(url)).toBe(response.status === 200 ? 410 : 409);
    }
    expect(bodies).toContainEqual([200, "2026-01-01", { a: 1, old: true }]);
    expect(bodies).toContainEqual([
      ...[409, null],
      { code: "downgrade_failed", detail: expect.stringContaining("version 2026-02-01, line 1") },
    ]);
  });
});

test("the URL is behind the public URL, and what was used stays used after a crash", async () => {
  const own = await startServer(["--public-url=https://hooks.example/base"]);
  try {
    const client = clientOf(own.url);
    const { app, arrived } = await thinEndpoint({}, client);
    await sendMessage(client, app, { payload: { a: 1 } });
    await sendMessage(client, app, { payload: { a: 1 } });
    const urls = (await arrived(2)).map((request) => thinEventOf(request).url);
    for (const url of urls) expect(url).toStartWith("https://hooks.example/base/payload/");
    const [one, other] = urls.map((url) => own.url + new URL(url).pathname) as [string, string];
    expect(await statusOf(one)).toBe(200);
    await own.restart();
    expect(await statusOf(one)).toBe(410);
    // A proxy may have removed the path of the public URL.
    expect(await (await fetch(other.replace("/base/", "/"))).json()).toEqual({ a: 1 });
    expect(await statusOf(other)).toBe(410);
  } finally {
    await own.stop();
  }
});
