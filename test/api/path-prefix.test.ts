import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { listenTo } from "../support/listening.ts";
import { startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** A server whose public URL has a path. A proxy may keep the path or remove it. */

const PREFIX = "/hooks/eu";
const PUBLIC = `https://example.com${PREFIX}`;

let server: TestServer;
let send: Send;
let app: string;
beforeAll(async () => {
  server = await startServer([`--public-url=${PUBLIC}/`]);
  send = clientOf(server.url);
  app = await makeApplication(send);
});
afterAll(() => server.stop());

describe("a public URL with a path", () => {
  test("the API can be called with and without the path of the public URL", async () => {
    const prefixed = clientOf(server.url + PREFIX);
    const { status, json } = await prefixed("POST", `/app/${app}/msg?with_content=true`, {
      eventType: "a",
      payload: { n: 1 },
    });
    expect([status, json.payload]).toEqual([202, { n: 1 }]);
    expect((await prefixed("GET", `/app/${app}/msg/${json.id}`)).json.id).toBe(json.id);
    expect((await send("GET", `/app/${app}/msg/${json.id}`)).json.id).toBe(json.id);
    expect((await prefixed("DELETE", `/app/${app}/`)).status).toBe(404);
    for (const path of ["/metrics", "/docs/json", "/", "/ui/", "/portal/", "/docs", "/api/v1/health"])
      expect([path, (await fetch(server.url + PREFIX + path)).status]).toEqual([path, 200]);
    for (const path of ["/hooks", "/hooks/euro/api/v1/health", `${PREFIX}${PREFIX}/api/v1/health`])
      expect([path, (await fetch(server.url + path)).status]).toEqual([path, 404]);
  });

  test("listeners connect with the path of the public URL", async () => {
    await using local = startReceiver();
    const at = { url: `${server.url}${PREFIX}/` };
    await using listening = await listenTo(at, ["--app", app, "--forward-to", local.url]);
    const id = await sendMessage(send, app);
    expect((await listening.forwarded(1))[0]).toMatchObject({ messageId: id, status: 204 });
  });

  test("a call with and a call without the path of the public URL share an idempotency key", async () => {
    const headers = { "idempotency-key": "prefix" };
    const body = { eventType: "a", payload: {} };
    const first = await send("POST", `/app/${app}/msg`, body, { headers });
    const second = await clientOf(server.url + PREFIX)("POST", `/app/${app}/msg`, body, { headers });
    expect(second.json.id).toBe(first.json.id);
  });

  test("a delivery to an inbox below the public URL arrives", async () => {
    const inbox = "inbox-below-a-prefix";
    await makeEndpoint(send, app, `${PUBLIC}/inbox/${inbox}`);
    const message = await sendMessage(send, app);
    const [attempt] = await attemptsOf(send, app, message);
    expect(attempt).toMatchObject({ statusText: "success", responseStatusCode: 200 });
    expect((await send("GET", `/inbox/${inbox}`)).json.data).toHaveLength(1);
  });

  test("links to the portal, redirects and the OpenAPI document contain the path", async () => {
    const { json } = await send("POST", `/auth/app-portal-access/${app}`, {});
    expect(json.url).toStartWith(`${PUBLIC}/portal/#key=`);
    const root = await fetch(`${server.url}/`, { redirect: "manual" });
    expect(root.headers.get("location")).toBe(`${PREFIX}/ui/`);
    const document = (await (await fetch(`${server.url}/docs/json`)).json()) as { servers: unknown };
    expect(document.servers).toEqual([{ url: PREFIX }]);
  });
});
