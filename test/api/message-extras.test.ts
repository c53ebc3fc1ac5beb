import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Svix } from "svix";
import { messageInRaw, Svix as Svix1 } from "svix1";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, until } from "../support/delivery.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
let receiver: Receiver;
let app: string;
let endpoint: string;
beforeAll(async () => {
  receiver = startReceiver();
  server = await startServer();
  send = clientOf(server.url);
  app = await makeApplication(send);
  endpoint = await makeEndpoint(send, app, receiver.url);
});
afterAll(async () => {
  await server.stop();
  await receiver[Symbol.asyncDispose]();
});

const post = (more: object) => send("POST", `/app/${app}/msg`, { eventType: "a", payload: {}, ...more });
const arrivedOf = (id: string, count = 1) => receiver.arrived(count, (request) => request.id === id);

describe("raw payloads", () => {
  const bodies: [string, string, string | null][] = [
    ["XML", '<?xml version="1.0"?>\r\n<a>\u00e9 \u{1f600}</a>\n', "application/xml"],
    ["a form", "a=1&b=%20", "application/x-www-form-urlencoded"],
    ["plain text with a null character", "a\u0000b", "text/plain; charset=utf-8"],
    ["zero bytes", "", "text/plain"],
    ["JSON with white space", ' { "b" : 1.0 ,\n "a" : 12345678901234567890 } ', null],
    ["a JSON array", "[1, 2.50]", "application/vnd.example+json"],
  ];
  for (const [name, rawPayload, contentType] of bodies) {
    test(`a raw payload of ${name} is delivered, returned and resent byte for byte`, async () => {
      const headers = contentType === null ? null : { "Content-Type": contentType };
      const sent = await post({ transformationsParams: { rawPayload, ...(headers && { headers }) } });
      expect(sent.status).toBe(202);
      const { id } = sent.json;
      await attemptsOf(send, app, id);
      expect((await send("POST", `/app/${app}/msg/${id}/endpoint/${endpoint}/resend`)).status).toBe(202);
      for (const request of await arrivedOf(id, 2)) {
        expect(Buffer.from(request.body).toString()).toBe(rawPayload);
        expect(request.headers.get("content-type")).toBe(contentType ?? "application/json");
      }
      const shown = (await send("GET", `/app/${app}/msg/${id}`)).text;
      const isObject = rawPayload.trimStart().startsWith("{");
      expect(shown).toContain(`"payload":${isObject ? rawPayload : JSON.stringify({ rawPayload })},`);
      const listed = await send("GET", `/app/${app}/msg?limit=1`);
      expect(listed.text).toContain(shown);
    });
  }

  test("a raw payload from the Svix client is delivered with its body and content type", async () => {
    const svix = new Svix1(ROOT_TOKEN, { serverUrl: server.url });
    const { id } = await svix.message.create(app, messageInRaw("a", "<a/>", "application/xml"));
    const [request] = await arrivedOf(id);
    expect([Buffer.from(request!.body).toString(), request!.headers.get("content-type")]).toEqual([
      "<a/>",
      "application/xml",
    ]);
  });
});

describe("message headers", () => {
  test("the headers of a message are sent only with that message, even without a raw payload", async () => {
    const headers = { "X-Own": "1", "content-type": "application/cloudevents+json" };
    const { json } = await post({ payload: { a: 1 }, transformationsParams: { headers } });
    const [request] = await arrivedOf(json.id);
    expect([request!.headers.get("x-own"), request!.headers.get("content-type")]).toEqual([
      "1",
      "application/cloudevents+json",
    ]);
    expect(Buffer.from(request!.body).toString()).toBe('{"a":1}');
    expect((await send("GET", `/app/${app}/msg/${json.id}`)).json.payload).toEqual({ a: 1 });
    const next = await post({});
    expect((await arrivedOf(next.json.id))[0]!.headers.get("x-own")).toBeNull();
  });

  test("sending a message with invalid or reserved headers returns 422", async () => {
    const many = (count: number, bytesEach: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`h${i}`, "x".repeat(bytesEach)]));
    for (const headers of [
      { "webhook-signature": "x" },
      { "X-A": "a\r\nb: c" },
      { "X-A": 1 },
      { "": "x" },
      { "X-A": "1", "x-a": "2" },
      { "Content-Type": "text/plain", "content-type": "application/xml" },
      { "Content-Type": "" },
      { "Content-Type": "xml" },
      { Expect: "100-continue" },
      { Connection: "close" },
      { "Transfer-Encoding": "chunked" },
      { Host: "a" },
      { "Content-Length": "1" },
      { Upgrade: "h2c" },
      { TE: "trailers" },
      { Trailer: "a" },
      { "Keep-Alive": "1" },
      many(101, 10),
      many(5, 4000),
    ]) {
      const { status, json } = await post({ transformationsParams: { headers } });
      expect([headers, status]).toEqual([headers, 422]);
      expect(json.detail[0].loc.slice(0, 3)).toEqual(["body", "transformationsParams", "headers"]);
    }
  });
});

describe("scheduled messages", () => {
  const ahead = (ms: number) => new Date(Date.now() + ms).toISOString();

  test("the response for a scheduled message contains deliverAt, and the message stays pending and can be expunged", async () => {
    const deliverAt = ahead(3_600_000);
    const { status, json } = await post({ deliverAt, tags: ["later"] });
    expect([status, json.deliverAt]).toEqual([202, deliverAt]);
    expect((await send("GET", `/app/${app}/msg/${json.id}`)).json).toEqual(json);
    expect((await send("GET", `/app/${app}/msg?tag=later`)).json.data).toEqual([json]);
    const now = await post({});
    await arrivedOf(now.json.id);
    expect((await send("GET", `/app/${app}/attempt/msg/${json.id}`)).json.data).toEqual([]);
    expect((await send("DELETE", `/app/${app}/msg/${json.id}/content`)).status).toBe(204);
    expect((await send("GET", `/app/${app}/msg/${json.id}`)).json.payload).toEqual({ expired: true });
  });

  test("a scheduled message is not sent before its deliverAt", async () => {
    const deliverAt = ahead(1500);
    const { json } = await post({ deliverAt });
    const [attempt] = await attemptsOf(send, app, json.id);
    expect(Date.parse(attempt!.timestamp)).toBeGreaterThanOrEqual(Date.parse(deliverAt));
  });

  test("a batch can contain scheduled and immediate messages", async () => {
    const messages = [
      { eventType: "a", payload: {}, deliverAt: ahead(60_000) },
      { eventType: "a", payload: {}, deliverAt: ahead(-60_000) },
      { eventType: "a", payload: {} },
    ];
    const { json } = await send("POST", `/app/${app}/msg/batch`, { messages });
    expect(json.data[0].deliverAt).toBe(messages[0]!.deliverAt);
    expect(json.data[1].code).toBe("validation_error");
    await arrivedOf(json.data[2].id);
  });

  const wrong: [string, unknown][] = [
    ["that has passed", "2020-01-01T00:00:00Z"],
    ["more than 24 hours ahead", new Date(Date.now() + 86_400_000 + 60_000).toISOString()],
    ["that is not a timestamp", "tomorrow"],
    ["that is a number", 1_900_000_000],
    ["that is empty", ""],
  ];
  for (const [name, deliverAt] of wrong) {
    test(`sending a message with a deliverAt ${name} returns 422`, async () => {
      const { status, json } = await post({ deliverAt });
      expect([status, json.detail[0].loc]).toEqual([422, ["body", "deliverAt"]]);
    });
  }

  test("a message with a null deliverAt is sent immediately", async () => {
    const { json } = await post({ deliverAt: null });
    expect(json.deliverAt).toBeNull();
    await arrivedOf(json.id);
  });

  test("the Svix client 2.x can schedule a message and find it by tag", async () => {
    const svix = new Svix(ROOT_TOKEN, { serverUrl: server.url });
    const tag = freshUid("tag");
    const deliverAt = new Date(Date.now() + 120_000);
    const { id } = await svix.message.create(app, { eventType: "a", payload: {}, tags: [tag], deliverAt });
    const { data } = await svix.message.list(app, { tag });
    expect(data.map((found) => [found.id, found.deliverAt?.getTime(), found.tags])).toEqual([
      [id, deliverAt.getTime(), [tag]],
    ]);
  });
});

describe("payload retention", () => {
  test("the retention of a payload may be from one hour to 90 days", async () => {
    for (const more of [{ payloadRetentionHours: 1 }, { payloadRetentionPeriod: 1 }, { payloadRetentionHours: 2160 }]) {
      expect((await post(more)).status).toBe(202);
    }
    for (const more of [{ payloadRetentionHours: 0 }, { payloadRetentionHours: 2161 }]) {
      expect((await post(more)).status).toBe(422);
    }
    await until(
      async () => (await send("GET", `/app/${app}/msg?limit=1`)).json.data.length,
      (count) => count === 1,
    );
  });
});
