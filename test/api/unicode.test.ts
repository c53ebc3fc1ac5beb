import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint } from "../support/delivery.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Contains an unpaired surrogate, which JSON can express as `"\ud800"` but UTF-8 cannot encode. */
const UNPAIRED = "a\ud800";

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

describe("unpaired surrogates", () => {
  const message = { eventType: "a", payload: {} };
  const endpoint = { url: "https://example.com/" };
  const raw = { transformationsParams: { rawPayload: UNPAIRED } };
  const places: [string, string, object, string[]][] = [
    ["POST", "/app", { name: UNPAIRED }, ["body", "name"]],
    ["POST", "/app", { name: "a", metadata: { a: UNPAIRED } }, ["body", "metadata"]],
    ["POST", "/app", { name: "a", metadata: { [UNPAIRED]: "a" } }, ["body", "metadata"]],
    ["POST", "/app", { name: "a", uid: UNPAIRED }, ["body", "uid"]],
    ["POST", "/app/:app/endpoint", { ...endpoint, description: UNPAIRED }, ["body", "description"]],
    ["POST", "/app/:app/endpoint", { ...endpoint, metadata: { a: UNPAIRED } }, ["body", "metadata"]],
    ["POST", "/app/:app/endpoint", { ...endpoint, headers: { a: UNPAIRED } }, ["body", "headers"]],
    ["POST", "/app/:app/endpoint", { ...endpoint, channels: [UNPAIRED] }, ["body", "channels", "[0]"]],
    ["POST", "/app/:app/endpoint", { url: `https://example.com/${UNPAIRED}` }, ["body", "url"]],
    ["POST", "/operational-webhook/endpoint", { ...endpoint, description: UNPAIRED }, ["body", "description"]],
    ["POST", "/event-type", { name: "half", description: UNPAIRED }, ["body", "description"]],
    ["POST", "/event-type", { name: UNPAIRED, description: "" }, ["body", "name"]],
    [
      "POST",
      "/event-type",
      { name: "half", description: "", schemas: { "1": { enum: [UNPAIRED] } } },
      ["body", "schemas", "1", "enum", "[0]"],
    ],
    [
      "POST",
      "/environment/import",
      { eventTypes: [{ name: "half", description: UNPAIRED }] },
      ["body", "eventTypes", "[0]", "description"],
    ],
    ["POST", "/app/:app/msg", { ...message, ...raw }, ["body", "transformationsParams", "rawPayload"]],
    ["POST", "/app/:app/msg", { ...message, eventId: UNPAIRED }, ["body", "eventId"]],
    ["POST", "/app/:app/msg", { ...message, tags: [UNPAIRED] }, ["body", "tags", "[0]"]],
    ["POST", "/auth/app-portal-access/:app", { sessionId: UNPAIRED }, ["body", "sessionId"]],
    ["POST", "/management/environment", { name: UNPAIRED, type: "production" }, ["body", "name"]],
    ["POST", "/management/authentication/default/api-token", { name: UNPAIRED }, ["body", "name"]],
  ];
  for (const [method, path, body, loc] of places) {
    test(`a ${method} of ${path} with an unpaired surrogate in ${loc.slice(1).join(".")} returns 422`, async () => {
      const { status, json } = await send(method, path.replace(":app", app), body);
      expect([status, json.detail?.[0].loc]).toEqual([422, loc]);
    });
  }

  test("the error for an unpaired surrogate in a key does not contain the key", async () => {
    const { status, text, json } = await send("POST", "/app", { name: "a", metadata: { [UNPAIRED]: 1 } });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "metadata", "a\ufffd"]]);
    expect(text).not.toContain("\\ud800");
  });

  test("an unpaired surrogate in a message of a batch makes only that message fail", async () => {
    const messages = [{ ...message, ...raw }, message];
    const { status, json } = await send("POST", `/app/${app}/msg/batch`, { messages });
    expect([status, json.data[0].code, json.data[1].eventType]).toEqual([202, "validation_error", "a"]);
  });

  test("an unpaired surrogate in a payload is sent and returned byte for byte", async () => {
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

test("sending a list of 100,000 invalid event types returns a single error", async () => {
  const eventTypes = Array.from({ length: 100_000 }, (_, i) => `type ${i}`);
  for (const path of [`/app/${app}/endpoint`, "/operational-webhook/endpoint"]) {
    const { status, json } = await send("POST", path, { url: "https://example.com/", eventTypes });
    expect([status, json.detail.length, json.detail[0].loc]).toEqual([422, 1, ["body", "eventTypes"]]);
  }
});
