import { afterAll, beforeAll, expect, test } from "bun:test";
import { clientOf, freshUid, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessage } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

test("the search finds ids, uids, event ids, URLs and names, only in the caller's environment", async () => {
  const { json: app } = await send("POST", "/app", { name: "Acme Ärzte", uid: "cust-17" });
  const endpoint = await makeEndpoint(send, app.id, "https://user:secret@found.example/hook");
  const message = await sendMessage(send, app.id, { eventId: "order-4711" });
  const settings = { name: "Shop", uid: freshUid("shop"), type: "generic-webhook" };
  const { json: source } = await send("POST", "/ingest/api/v1/source", settings);
  await send("POST", "/event-type", { name: "order.paid", description: "" });
  await send("POST", "/management/environment", { name: "other", type: "development" });
  const find = async (text: string, headers = {}) =>
    (await send("GET", `/search?q=${encodeURIComponent(text)}`, undefined, { headers })).json.data;

  const url = "https://user:***@found.example/hook";
  const ofApp = { kind: "application", id: app.id, title: "Acme Ärzte" };
  const ofEndpoint = { kind: "endpoint", id: endpoint, title: url, appId: app.id };
  const ofSource = { kind: "source", id: source.id, title: "Shop" };
  const ofMessage = expect.objectContaining({ kind: "message", id: message, appId: app.id });
  const cases: [string, unknown][] = [
    [app.id, ofApp],
    ["ÄRZTE", ofApp],
    [" T-17 ", ofApp],
    [endpoint, ofEndpoint],
    ["FOUND.example", ofEndpoint],
    [message, ofMessage],
    ["order-4711", ofMessage],
    [source.id, ofSource],
    [settings.uid, ofSource],
    ["order.paid", { kind: "event-type", id: "order.paid", title: "order.paid" }],
  ];
  for (const [text, hit] of cases) {
    expect([text, await find(text)]).toEqual([text, [hit]]);
    expect([text, await find(text, { "boathook-environment": "other" })]).toEqual([text, []]);
  }
  for (const text of ["secret", "", "%", "a_b"]) expect([text, await find(text)]).toEqual([text, []]);
  expect((await send("GET", `/search?q=${"x".repeat(257)}`)).status).toBe(422);
});
