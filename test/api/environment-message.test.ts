import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const list = async (query: string) => (await send("GET", `/message?${query}`)).json;
const idsOf = async (query: string): Promise<string[]> => (await list(query)).data.map(({ id }: { id: string }) => id);

describe("GET /message", () => {
  test("each message has its application and the states of its deliveries, and no payload", async () => {
    const app = await makeApplication(send);
    await makeEndpoint(send, app, `${server.url}/inbox/${app}?status=500`);
    const eventId = freshUid("event");
    const id = await sendMessage(send, app, { eventId, channels: ["eu"], tags: ["vip"] });
    const { json: message } = await send("GET", `/app/${app}/msg/${id}?with_content=false`);
    const { json: application } = await send("GET", `/app/${app}`);
    const { payload: _, ...own } = message;
    const { data } = await until(
      () => list(`state=dead&app_id=${app}`),
      (page) => page.data.length === 1,
    );
    const deliveries = { pending: 0, delivered: 0, dead: 1, cancelled: 0 };
    expect(data).toEqual([{ ...own, appId: application.id, appName: app, appUid: app, deliveries }]);
    for (const query of [`event_id=${eventId}`, `event_id=${eventId}&tag=vip&channel=eu`, `app_id=${app}&state=dead`]) {
      expect([query, await idsOf(query)]).toEqual([query, [id]]);
    }
    for (const query of [`event_id=${eventId}x`, `event_id=${eventId}&tag=x`, `app_id=${app}&state=delivered`]) {
      expect([query, await idsOf(query)]).toEqual([query, []]);
    }
  });

  test("`text` finds messages by a part of their payload", async () => {
    const app = await makeApplication(send);
    const mark = freshUid("märk");
    const id = await sendMessage(send, app, { payload: { name: mark } });
    await sendMessage(send, app, { payload: { name: "other" } });
    expect(await idsOf(`text=${encodeURIComponent(`"${mark}"`)}`)).toEqual([id]);
    expect(await idsOf(`text=${encodeURIComponent(mark.toUpperCase())}`)).toEqual([]);
  });

  test("`before` and `after` select messages by time, and pages follow each other", async () => {
    const app = await makeApplication(send);
    const sent: string[] = [];
    for (let i = 0; i < 4; i++) sent.unshift(await sendMessage(send, app));
    const first = await list(`app_id=${app}&limit=3`);
    const second = await list(`app_id=${app}&limit=3&iterator=${first.iterator}`);
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(sent);
    expect([first.done, second.done]).toEqual([false, true]);
    expect(await idsOf(`app_id=${app}&before=2020-01-01T00:00:00Z`)).toEqual([]);
    expect(await idsOf(`app_id=${app}&after=2020-01-01T00:00:00Z`)).toEqual(sent);
  });

  test.each([
    ["state=failed", 422],
    ["app_id=nobody", 404],
    [`text=${"x".repeat(201)}`, 422],
    [`event_id=${"x".repeat(257)}`, 422],
    ["before=yesterday", 400],
    ["iterator=ep_x", 422],
  ])("the query %s is refused with %d", async (query, status) => {
    const { status: actual } = await send("GET", `/message?${query}`);
    // A word that is not one of the choices may be refused as malformed.
    expect(status === 422 ? [400, 422] : [status]).toContain(actual);
  });

  test("an application's token gets 403", async () => {
    const { json } = await send("POST", `/auth/app-portal-access/${await makeApplication(send)}`, {});
    expect((await send("GET", "/message", undefined, { token: json.token })).status).toBe(403);
  });
});
