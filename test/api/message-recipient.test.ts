import { afterAll, beforeAll, expect, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
  await send("POST", "/event-type", { name: "other.type", description: "" });
});
afterAll(() => server.stop());

test("each endpoint has its delivery, or the reason why there is none", async () => {
  const app = await makeApplication(send);
  const url = `${server.url}/inbox/${app}`;
  const got = await makeEndpoint(send, app, url);
  const channel = await makeEndpoint(send, app, url, { channels: ["us"] });
  const disabled = await makeEndpoint(send, app, url, { disabled: true });
  const id = await sendMessage(send, app, { channels: ["eu"] });
  await attemptsOf(send, app, id);
  const later = await makeEndpoint(send, app, url);
  const { json } = await send("GET", `/app/${app}/msg/${id}/recipients`);
  const reasons = json.data.map(({ endpoint, delivery, missed }: Record<string, Record<string, unknown>>) => [
    endpoint!.id,
    delivery?.state ?? null,
    missed?.reason ?? null,
  ]);
  expect(reasons).toEqual([
    [later, null, "created_later"],
    [disabled, null, "disabled"],
    [channel, null, "channel"],
    [got, "delivered", null],
  ]);
  expect((await send("GET", `/app/${app}/msg/nothing/recipients`)).status).toBe(404);
  expect((await send("GET", `/app/${app}/msg/${id}/recipients?iterator=msg_x`)).status).toBe(422);
});

test("an endpoint that was disabled after the message was accepted did not miss it because of that", async () => {
  const app = await makeApplication(send);
  const url = `${server.url}/inbox/${app}`;
  const endpoint = await makeEndpoint(send, app, url, { eventTypes: ["other.type"] });
  const id = await sendMessage(send, app);
  await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { disabled: true });
  const { json } = await send("GET", `/app/${app}/msg/${id}/recipients`);
  expect(json.data[0].missed).toEqual({ reason: "event_type", certain: false });
  const later = await sendMessage(send, app);
  const { json: after } = await send("GET", `/app/${app}/msg/${later}/recipients`);
  expect(after.data[0].missed).toEqual({ reason: "disabled", certain: true });
});

test("a precheck lists which endpoints would receive a message, and why the others would not", async () => {
  const app = await makeApplication(send);
  const url = `${server.url}/inbox/${app}`;
  const all = await makeEndpoint(send, app, url);
  const other = await makeEndpoint(send, app, url, { eventTypes: ["other.type"] });
  const us = await makeEndpoint(send, app, url, { channels: ["us"] });
  const off = await makeEndpoint(send, app, url, { disabled: true });
  const paused = await makeEndpoint(send, app, url, { paused: true });
  const path = `/app/${app}/msg/precheck/recipients`;
  interface Listed {
    readonly endpoint: { readonly id: string };
    readonly receives: boolean;
    readonly reason: string | null;
  }
  const precheck = async (fields: object = {}, query = "") => {
    const { status, json } = await send("POST", path + query, { eventType: "user.signup", ...fields });
    expect(status).toBe(200);
    const shown = json.data.map(({ endpoint, receives, reason }: Listed) => [endpoint.id, receives, reason]);
    return { shown, count: json.count, done: json.done, iterator: json.iterator };
  };
  const expected = [
    [paused, true, null],
    [off, false, "disabled"],
    [us, false, "channel"],
    [other, false, "event_type"],
    [all, true, null],
  ];
  expect(await precheck()).toMatchObject({ shown: expected, count: 2, done: true });
  const first = await precheck({}, "?limit=2");
  expect(first).toMatchObject({ shown: expected.slice(0, 2), count: 2, done: false });
  expect((await precheck({}, `?limit=5&iterator=${first.iterator}`)).shown).toEqual(expected.slice(2));
  expect((await precheck({ channels: ["us"] })).count).toBe(3);
  const id = await sendMessage(send, app, { eventType: "user.signup" });
  expect((await send("GET", `/app/${app}/msg/${id}/recipients`)).json.data).toHaveLength(5);

  const cases: [object | null, number][] = [
    [{}, 422],
    [{ eventType: null }, 422],
    [{ eventType: 17 }, 422],
    [{ eventType: "" }, 422],
    [{ eventType: "a b" }, 422],
    [{ eventType: "a", channels: "us" }, 422],
    [{ eventType: "a", channels: [17] }, 422],
  ];
  for (const [body, status] of cases) expect([body, (await send("POST", path, body)).status]).toEqual([body, status]);
  expect((await send("POST", "/app/nope/msg/precheck/recipients", { eventType: "a" })).status).toBe(404);
  expect((await send("POST", `${path}?iterator=msg_x`, { eventType: "a" })).status).toBe(422);
});
