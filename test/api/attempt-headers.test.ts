import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { type Answering, ok, startReceiver, withStatus } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

interface Field {
  readonly name: string;
  readonly value: string;
}

/** Sends a message to a receiver. Returns the attempt, read alone, and the headers that arrived. */
async function attemptTo(answering: Answering, endpoint: { url?: string; timeoutMs?: number } = {}) {
  await using receiver = startReceiver(answering);
  const app = await makeApplication(send);
  const url = endpoint.url ?? `${receiver.url}/hook?token=in-the-query`;
  const headers = { "X-Team": "blue", "X-Api-Key": "very-secret" };
  const { timeoutMs = null } = endpoint;
  await makeEndpoint(send, app, url, { headers, timeoutMs });
  const message = await sendMessage(send, app, { payload: { a: 1 } });
  const [listed] = (await attemptsOf(send, app, message)) as unknown as { id: string }[];
  const { status, json } = await send("GET", `/app/${app}/msg/${message}/attempt/${listed!.id}`);
  expect(status).toBe(200);
  return { app, message, listed: listed!, json, arrived: receiver.received[0] };
}

const asObject = (fields: readonly Field[]) =>
  Object.fromEntries(fields.map(({ name, value }) => [name.toLowerCase(), value]));

describe("the headers of an attempt", () => {
  test("a failed attempt shows the headers that were sent and received, with secrets masked", async () => {
    const response = withStatus(503, { "X-Trace": "abc", "Set-Cookie": "session=secret" });
    const { json, listed, arrived, message } = await attemptTo(response);
    const sent = asObject(json.requestHeaders);
    expect(sent).toMatchObject({ "x-team": "blue", "x-api-key": "***", "webhook-id": message, "content-length": "7" });
    const wire = Object.fromEntries([...arrived!.headers].filter(([name]) => name !== "x-api-key"));
    const { "x-api-key": _, ...shown } = sent;
    expect(shown).toEqual(wire);
    expect(sent["webhook-signature"]).toStartWith("v1,");
    expect(asObject(json.responseHeaders)).toMatchObject({ "x-trace": "abc", "set-cookie": "***" });
    expect(JSON.stringify(json.requestHeaders)).not.toContain("in-the-query");
    expect(listed).not.toHaveProperty("requestHeaders");
    expect(listed).not.toHaveProperty("responseHeaders");
  });

  test("a successful attempt shows no headers", async () => {
    const { json } = await attemptTo(ok);
    expect([json.statusText, json.requestHeaders, json.responseHeaders]).toEqual(["success", null, null]);
  });

  test("an attempt without a response shows only what was sent", async () => {
    const { json } = await attemptTo(() => new Promise(() => {}), { timeoutMs: 300 });
    expect([json.reason, json.responseHeaders]).toEqual(["timeout", null]);
    expect(asObject(json.requestHeaders)).toMatchObject({ "x-team": "blue" });
  });

  test("an attempt that could not connect shows no headers", async () => {
    const { json } = await attemptTo(ok, { url: "http://127.0.0.1:1/" });
    expect([json.reason, json.requestHeaders, json.responseHeaders]).toEqual(["connection", null, null]);
  });

  test("deleting the content of an attempt deletes its headers", async () => {
    const { app, message, listed } = await attemptTo(withStatus(500));
    const path = `/app/${app}/msg/${message}/attempt/${listed.id}`;
    expect((await send("DELETE", `${path}/content`)).status).toBe(204);
    const { json } = await send("GET", path);
    expect([json.response, json.requestHeaders, json.responseHeaders]).toEqual(["EXPUNGED", null, null]);
  });
});
