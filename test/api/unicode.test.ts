import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint } from "../support/delivery.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** JSON can say `"\ud800"`, half of a character, which no encoding has. */
const HALF = "a\ud800";

let server: TestServer;
let send: Send;
let receiver: Receiver;
let app: string;
beforeAll(async () => {
  receiver = startReceiver();
  server = await startServer();
  send = clientOf(server.url);
  app = await makeApplication(send);
  await makeEndpoint(send, app, receiver.url);
});
afterAll(async () => {
  await server.stop();
  await receiver[Symbol.asyncDispose]();
});

describe("half of a character", () => {
  const message = { eventType: "a", payload: {} };
  const endpoint = { url: "https://example.com/" };
  const raw = { transformationsParams: { rawPayload: HALF } };
  const places: [string, string, object, string[]][] = [
    ["POST", "/app", { name: HALF }, ["body", "name"]],
    ["POST", "/app", { name: "a", metadata: { a: HALF } }, ["body", "metadata"]],
    ["POST", "/app", { name: "a", metadata: { [HALF]: "a" } }, ["body", "metadata"]],
    ["POST", "/app", { name: "a", uid: HALF }, ["body", "uid"]],
    ["POST", "/app/:app/endpoint", { ...endpoint, description: HALF }, ["body", "description"]],
    ["POST", "/app/:app/endpoint", { ...endpoint, metadata: { a: HALF } }, ["body", "metadata"]],
    ["POST", "/app/:app/endpoint", { ...endpoint, headers: { a: HALF } }, ["body", "headers"]],
    ["POST", "/app/:app/endpoint", { ...endpoint, channels: [HALF] }, ["body", "channels", "[0]"]],
    ["POST", "/app/:app/endpoint", { url: `https://example.com/${HALF}` }, ["body", "url"]],
    ["POST", "/operational-webhook/endpoint", { ...endpoint, description: HALF }, ["body", "description"]],
    ["POST", "/event-type", { name: "half", description: HALF }, ["body", "description"]],
    ["POST", "/event-type", { name: HALF, description: "" }, ["body", "name"]],
    [
      "POST",
      "/event-type",
      { name: "half", description: "", schemas: { "1": { enum: [HALF] } } },
      ["body", "schemas", "1", "enum", "[0]"],
    ],
    [
      "POST",
      "/environment/import",
      { eventTypes: [{ name: "half", description: HALF }] },
      ["body", "eventTypes", "[0]", "description"],
    ],
    ["POST", "/app/:app/msg", { ...message, ...raw }, ["body", "transformationsParams", "rawPayload"]],
    ["POST", "/app/:app/msg", { ...message, eventId: HALF }, ["body", "eventId"]],
    ["POST", "/app/:app/msg", { ...message, tags: [HALF] }, ["body", "tags", "[0]"]],
    ["POST", "/auth/app-portal-access/:app", { sessionId: HALF }, ["body", "sessionId"]],
    ["POST", "/management/environment", { name: HALF, type: "production" }, ["body", "name"]],
    ["POST", "/management/authentication/default/api-token", { name: HALF }, ["body", "name"]],
  ];
  for (const [method, path, body, loc] of places) {
    test(`is refused in ${loc.slice(1).join(".")} of ${method} ${path}`, async () => {
      const { status, json } = await send(method, path.replace(":app", app), body);
      expect([status, json.detail?.[0].loc]).toEqual([422, loc]);
    });
  }

  test("is not told back by an answer that names its place", async () => {
    const { status, text, json } = await send("POST", "/app", { name: "a", metadata: { [HALF]: 1 } });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "metadata", "a\ufffd"]]);
    expect(text).not.toContain("\\ud800");
  });

  test("fails alone in a batch", async () => {
    const messages = [{ ...message, ...raw }, message];
    const { status, json } = await send("POST", `/app/${app}/msg/batch`, { messages });
    expect([status, json.data[0].code, json.data[1].eventType]).toEqual([202, "validation_error", "a"]);
  });

  test("in a payload is sent and shown byte for byte", async () => {
    const payload = '{"a": "\\ud800", "\\uDC00":1.0}';
    const body = `{"eventType":"a","eventId":"${freshUid()}","payload":${payload}}`;
    const { status, text, json } = await send("POST", `/app/${app}/msg`, body);
    expect(status).toBe(202);
    expect(text).toContain(payload);
    expect((await send("GET", `/app/${app}/msg/${json.id}`)).text).toBe(text);
    const [request] = await receiver.arrived(1, ({ id }) => id === json.id);
    expect(Buffer.from(request!.body).toString()).toBe(payload);
  });
});

test("a list that is far too long is refused in one word", async () => {
  const eventTypes = Array.from({ length: 100_000 }, (_, i) => `type ${i}`);
  for (const path of [`/app/${app}/endpoint`, "/operational-webhook/endpoint"]) {
    const { status, json } = await send("POST", path, { url: "https://example.com/", eventTypes });
    expect([status, json.detail.length, json.detail[0].loc]).toEqual([422, 1, ["body", "eventTypes"]]);
  }
});
