import { afterAll, beforeAll, expect, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { sendMessages } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule=5s,90s", "--delivery-timeout=2s", "--endpoint-concurrency=7"]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

test("the state of an endpoint names its application and counts what waits for it", async () => {
  const app = await makeApplication(send);
  const { json: endpoint } = await send("POST", `/app/${app}/endpoint`, { url: "https://example.com", paused: true });
  await sendMessages(send, app, 3);
  const path = `/overview/app/${app}/endpoint/${endpoint.id}`;
  const { status, json } = await send("GET", path);
  const { json: application } = await send("GET", `/app/${app}`);
  expect([status, json]).toEqual([
    200,
    {
      ...{ appId: application.id, appName: application.name, appUid: application.uid },
      ...{ state: "paused", failureReason: null, pending: 3, oldSecretUntil: null },
    },
  ]);
  expect((await send("GET", `/overview/app/${app}/endpoint/none`)).status).toBe(404);
});

test("the state of an endpoint says until when an old secret signs", async () => {
  const app = await makeApplication(send);
  const { json: endpoint } = await send("POST", `/app/${app}/endpoint`, { url: "https://example.com" });
  const rotate = `/app/${app}/endpoint/${endpoint.id}/secret/rotate`;
  const oldSecretUntil = async () =>
    (await send("GET", `/overview/app/${app}/endpoint/${endpoint.id}`)).json.oldSecretUntil;
  expect((await send("POST", rotate, { gracePeriodSeconds: 0 })).status).toBe(204);
  expect(await oldSecretUntil()).toBeNull();
  await send("POST", rotate, { gracePeriodSeconds: 3600 });
  const hour = Date.parse(await oldSecretUntil());
  await send("POST", rotate, { gracePeriodSeconds: 60 });
  expect(Date.parse(await oldSecretUntil())).toBe(hour);
  expect(hour).toBeGreaterThan(Date.parse(endpoint.createdAt));
});

test("the defaults of deliveries are those of the server's settings", async () => {
  const { status, json } = await send("GET", "/delivery-defaults");
  expect([status, json]).toEqual([200, { retrySchedule: ["5s", "90s"], timeoutMs: 2_000, concurrency: 7 }]);
});
