import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
let app: string;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
  app = await makeApplication(send);
});
afterAll(() => server.stop());

function post(path: string, body: unknown, key: string, token?: string) {
  return send("POST", path, body, { headers: { "idempotency-key": key }, ...(token !== undefined && { token }) });
}

const message = { eventType: "a", payload: { n: 1 } };

describe("idempotency keys", () => {
  test("sending a message again with its idempotency key returns the first response, regardless of the body", async () => {
    const key = freshUid("key");
    const first = await post(`/app/${app}/msg`, message, key);
    expect(first.status).toBe(202);
    for (const body of [message, { eventType: "b", payload: { n: 2 } }, "{not json", ""]) {
      const again = await post(`/app/${app}/msg`, body, key);
      expect([again.status, again.text]).toEqual([202, first.text]);
    }
    expect((await send("GET", `/app/${app}/msg?event_types=b`)).json.data).toEqual([]);
  });

  test("a key whose message belongs to a deleted application does not show that message to the next one", async () => {
    const [key, uid] = [freshUid("key"), freshUid("app")];
    await send("POST", "/app", { name: "first", uid });
    const first = await post(`/app/${uid}/msg`, { eventType: "a", payload: { secret: 1 } }, key);
    expect(first.status).toBe(202);
    await send("DELETE", `/app/${uid}`);
    await send("POST", "/app", { name: "second", uid });
    const again = await post(`/app/${uid}/msg`, { eventType: "a", payload: {} }, key);
    expect({ status: again.status, detail: again.json.detail }).toEqual({ status: 404, detail: "Message not found" });
  });

  test("sending a message again with its idempotency key returns the first payload, even after a restart", async () => {
    const raw = (rawPayload: string) => ({ eventType: "a", payload: {}, transformationsParams: { rawPayload } });
    const withPayload = (payload: unknown) => ({ eventType: "a", payload });
    const cases = [
      [withPayload({ a: 1 }), withPayload({})],
      [withPayload({}), withPayload({ a: 1 })],
      [raw("<a/>"), withPayload({})],
      [raw("<a/>"), raw("{}")],
      [raw("{}"), raw("<a/>")],
    ] as const;
    const sent: { path: string; key: string; again: unknown; text: string }[] = [];
    for (const [first, again] of cases) {
      const batch = { messages: [first] };
      for (const [path, body, repeated] of [
        [`/app/${app}/msg`, first, again],
        [`/app/${app}/msg?with_content=false`, first, again],
        [`/app/${app}/msg/batch`, batch, { messages: [again] }],
        [`/app/${app}/msg/batch?with_content=false`, batch, { messages: [again] }],
      ] as const) {
        const key = freshUid("key");
        const { status, text } = await post(path, body, key);
        expect(status).toBe(202);
        sent.push({ path, key, again: repeated, text });
      }
    }
    for (const time of ["now", "later"]) {
      if (time === "later") await server.restart();
      for (const { path, key, again, text } of sent) {
        const repeated = await post(path, again, key);
        expect([path, repeated.status, repeated.text]).toEqual([path, 202, text]);
      }
    }
  });

  test("repeating other operations with their idempotency key also returns the first response", async () => {
    const key = freshUid("key");
    const uid = freshUid();
    const first = await post("/app", { name: "a", uid }, key);
    const again = await post("/app", { name: "b", uid: freshUid() }, key);
    expect([again.status, again.text]).toEqual([201, first.text]);

    const endpoint = (await send("POST", `/app/${app}/endpoint`, { url: "https://example.com" })).json.id;
    const rotate = `/app/${app}/endpoint/${endpoint}/secret/rotate`;
    expect((await post(rotate, {}, key)).status).toBe(204);
    const secret = (await send("GET", `/app/${app}/endpoint/${endpoint}/secret`)).text;
    const repeated = await post(rotate, {}, key);
    expect([repeated.status, repeated.text]).toEqual([204, ""]);
    expect((await send("GET", `/app/${app}/endpoint/${endpoint}/secret`)).text).toBe(secret);
  });

  test("an idempotency key can be used again after a response that is not 2xx", async () => {
    const key = freshUid("key");
    expect((await post(`/app/${app}/msg`, { eventType: "a" }, key)).status).toBe(422);
    expect((await post(`/app/${app}/msg`, message, key)).status).toBe(202);
    const uid = freshUid();
    await send("POST", "/app", { name: "a", uid });
    expect((await post("/app", { name: "b", uid }, key)).status).toBe(409);
    expect((await post("/app", { name: "b", uid: freshUid() }, key)).status).toBe(201);
  });

  test("concurrent calls with one idempotency key all return the same response", async () => {
    for (const [path, body] of [
      [`/app/${app}/msg`, message],
      ["/app", { name: "a" }],
    ] as const) {
      const key = freshUid("key");
      const answers = await Promise.all(Array.from({ length: 20 }, () => post(path, body, key)));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    }
  });

  test("when concurrent calls share an idempotency key and the first is refused, the others are tried", async () => {
    const key = freshUid("key");
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, i) => post(`/app/${app}/msg`, i === 3 ? message : { eventType: "a" }, key)),
    );
    expect(answers.filter(({ status }) => status === 202).length).toBeGreaterThan(0);
    expect((await post(`/app/${app}/msg`, { eventType: "a" }, key)).status).toBe(202);
  });

  test("a request whose body never arrives does not block its retry with the same idempotency key", async () => {
    const key = freshUid("key");
    const { hostname, port } = new URL(server.url);
    const head = [
      `POST /api/v1/app/${app}/msg HTTP/1.1`,
      "host: a",
      `authorization: Bearer ${ROOT_TOKEN}`,
      `idempotency-key: ${key}`,
      "content-length: 100",
    ];
    const broken = await Bun.connect({ hostname, port: Number(port), socket: { data() {} } });
    broken.write(`${head.join("\r\n")}\r\n\r\n{"eventType"`);
    // The server has read the first request once it responds to requests that were sent later.
    for (let i = 0; i < 5; i++) expect((await send("GET", "/app")).status).toBe(200);
    expect((await post(`/app/${app}/msg`, message, key)).status).toBe(202);
    broken.terminate();
  }, 10_000);

  test("an idempotency key applies to one path with its query and to one token", async () => {
    const key = freshUid("key");
    const first = await post(`/app/${app}/msg`, message, key);
    const withoutContent = await post(`/app/${app}/msg?with_content=false`, message, key);
    const token = await server.createToken();
    const byOther = await post(`/app/${app}/msg`, message, key, token);
    const withSlash = await post(`/app/${app}/msg/`, message, key);
    expect(withSlash.json.id).toBe(first.json.id);
    expect(new Set([first.json.id, withoutContent.json.id, byOther.json.id]).size).toBe(3);
  });

  test("an idempotency key is kept across a kill and a restart", async () => {
    const key = freshUid("key");
    const uid = freshUid();
    const first = await post(`/app/${app}/msg`, message, key);
    const made = await post("/app", { name: "a", uid }, key);
    await server.restart();
    expect((await post(`/app/${app}/msg`, message, key)).text).toBe(first.text);
    expect((await post("/app", { name: "a", uid }, key)).text).toBe(made.text);
  });

  test("after a payload is deleted, sending its message again with the idempotency key returns no payload", async () => {
    const key = freshUid("key");
    const first = await post(`/app/${app}/msg`, message, key);
    await send("DELETE", `/app/${app}/msg/${first.json.id}/content`);
    const again = await post(`/app/${app}/msg`, message, key);
    expect([again.status, again.json.id, again.json.payload]).toEqual([202, first.json.id, { expired: true }]);
  });

  test("an idempotency key may have up to 256 characters, and a request with a longer one returns 422", async () => {
    expect((await post(`/app/${app}/msg`, message, "k".repeat(256))).status).toBe(202);
    const refused = await post(`/app/${app}/msg`, message, "k".repeat(257));
    expect([refused.status, refused.json.detail[0].loc]).toEqual([422, ["header", "idempotency-key"]]);
  });

  test("a request with an idempotency key and an invalid token returns 401", async () => {
    const key = freshUid("key");
    await post(`/app/${app}/msg`, message, key);
    expect((await post(`/app/${app}/msg`, message, key, "wrong")).status).toBe(401);
  });
});
