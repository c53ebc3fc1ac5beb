import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Svix } from "svix";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

/**
 * Tests contents and filters of three lists: attempts, messages of an endpoint, and endpoints of a
 * message.
 */

let server: TestServer;
let send: Send;
beforeAll(async () => {
  // A failed delivery becomes a dead letter after one attempt.
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

/** Returns the URL of a new inbox that responds with this status. */
const inbox = (status = 200) => `${server.url}/inbox/${freshUid("inbox")}?status=${status}`;
const ids = (data: { id: string }[]) => data.map(({ id }) => id);

/** Lists the attempted messages of an endpoint. */
async function attempted(app: string, endpoint: string, query = "") {
  const { status, json } = await send("GET", `/app/${app}/endpoint/${endpoint}/msg${query}`);
  expect(status).toBe(200);
  return json;
}

/** Waits until no message of the endpoint is pending. */
const settled = (app: string, endpoint: string) =>
  until(
    () => attempted(app, endpoint, "?status=1"),
    ({ data }) => data.length === 0,
  );

describe("the messages of an endpoint", () => {
  test("an endpoint's messages are listed newest first with their delivery status", async () => {
    const app = await makeApplication(send);
    const [good, bad] = [await makeEndpoint(send, app, inbox()), await makeEndpoint(send, app, inbox(500))];
    const first = await sendMessage(send, app, { eventType: "a", payload: { n: 1.5 }, tags: ["vip"] });
    const second = await sendMessage(send, app, { eventType: "b", channels: ["eu"] });
    await attemptsOf(send, app, first, 2);
    await attemptsOf(send, app, second, 2);
    const arrived = await attempted(app, good);
    expect(ids(arrived.data)).toEqual([second, first]);
    expect(arrived).toMatchObject({ iterator: first, prevIterator: `-${second}`, done: true });
    expect(arrived.data[1]).toEqual({
      id: first,
      eventType: "a",
      eventId: null,
      payload: { n: 1.5 },
      channels: null,
      tags: ["vip"],
      timestamp: expect.any(String),
      deliverAt: null,
      status: 0,
      statusText: "success",
      reason: null,
      nextAttempt: null,
    });
    expect((await attempted(app, bad)).data[0]).toMatchObject({ status: 2, statusText: "fail", reason: "status_5xx" });
  });

  test("an endpoint's messages can be filtered by status, event type, channel, tag and time", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, inbox(500));
    const plain = await sendMessage(send, app, { eventType: "a" });
    const labelled = await sendMessage(send, app, { eventType: "b", channels: ["eu"], tags: ["vip/1"] });
    await settled(app, endpoint);
    for (const [query, wanted] of [
      ["status=2", [labelled, plain]],
      ["status=0", []],
      ["status=1", []],
      ["status=3", []],
      ["status=4", []],
      ["event_types=a", [plain]],
      ["event_types[]=a&event_types[1]=b", [labelled, plain]],
      ["channel=eu", [labelled]],
      ["channel=us", []],
      ["tag=vip/1", [labelled]],
      ["status=2&tag=vip/1&event_types=b", [labelled]],
      ["status=2&tag=vip/1&event_types=a", []],
      [`before=${new Date(Date.now() + 60_000).toISOString()}`, [labelled, plain]],
      [`after=${new Date(Date.now() + 60_000).toISOString()}`, []],
      ["with_content=false&expanded_statuses=true&limit=1", [labelled]],
    ] as const) {
      expect({ query, ids: ids((await attempted(app, endpoint, `?${query}`)).data) }).toEqual({
        query,
        ids: [...wanted],
      });
    }
  });

  test("an endpoint's messages can be paged forwards and backwards", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, inbox());
    const sent: string[] = [];
    for (let i = 0; i < 5; i++) sent.unshift(await sendMessage(send, app));
    await settled(app, endpoint);
    const first = await attempted(app, endpoint, "?limit=2");
    const second = await attempted(app, endpoint, `?limit=2&iterator=${first.iterator}`);
    const third = await attempted(app, endpoint, `?limit=2&iterator=${second.iterator}`);
    expect([first, second, third].flatMap(({ data }) => ids(data))).toEqual(sent);
    expect([first.done, second.done, third.done]).toEqual([false, false, true]);
    const back = await attempted(app, endpoint, `?limit=2&iterator=${third.prevIterator}`);
    expect(ids(back.data)).toEqual(ids(second.data));
  });

  test("a cancelled delivery has the status canceled with expanded_statuses, and the status fail without it", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, inbox(), { paused: true });
    const message = await sendMessage(send, app);
    expect((await attempted(app, endpoint, "?status=1")).data).toMatchObject([{ id: message, statusText: "pending" }]);
    await send("DELETE", `/app/${app}/msg/${message}/content`);
    expect((await attempted(app, endpoint)).data).toMatchObject([{ status: 2, statusText: "fail" }]);
    const expanded = await attempted(app, endpoint, "?expanded_statuses=true&status=4");
    expect(expanded.data).toMatchObject([
      { id: message, status: 4, statusText: "canceled", payload: { expired: true } },
    ]);
  });

  test("a delivered message keeps its success status when a resend fails", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, inbox());
    const message = await sendMessage(send, app);
    await attemptsOf(send, app, message, 1);
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { url: inbox(500) });
    await send("POST", `/app/${app}/msg/${message}/endpoint/${endpoint}/resend`);
    await attemptsOf(send, app, message, 2);
    expect((await attempted(app, endpoint, "?status=0")).data).toMatchObject([{ id: message, status: 2 }]);
    expect((await attempted(app, endpoint, "?status=2")).data).toEqual([]);
  });

  test("an endpoint's messages include those that were resent to it", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, inbox(), { channels: ["nobody"] });
    const message = await sendMessage(send, app);
    expect((await attempted(app, endpoint)).data).toEqual([]);
    await send("POST", `/app/${app}/msg/${message}/endpoint/${endpoint}/resend`);
    await attemptsOf(send, app, message, 1);
    expect(ids((await attempted(app, endpoint)).data)).toEqual([message]);
  });
});

describe("the lists of attempts", () => {
  test("an endpoint's attempts include their messages only with with_msg=true", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, inbox());
    const message = await sendMessage(send, app, { payload: { secret: 1 }, channels: ["eu"] });
    await attemptsOf(send, app, message, 1);
    const path = `/app/${app}/attempt/endpoint/${endpoint}`;
    expect((await send("GET", path)).json.data[0].msg).toBeUndefined();
    const { json } = await send("GET", `${path}?with_msg=true`);
    expect(json.data[0].msg).toMatchObject({ id: message, payload: {}, channels: ["eu"] });
  });

  test("a message's attempts can also be listed at the paths of old SDKs", async () => {
    const app = await makeApplication(send);
    const [one, two] = [await makeEndpoint(send, app, inbox()), await makeEndpoint(send, app, inbox(500))];
    const message = await sendMessage(send, app);
    const attempts = await attemptsOf(send, app, message, 2);
    expect((await send("GET", `/app/${app}/msg/${message}/attempt`)).json.data).toEqual(attempts);
    for (const endpoint of [one, two]) {
      const { json } = await send("GET", `/app/${app}/msg/${message}/endpoint/${endpoint}/attempt?with_content=true`);
      expect(json.data).toEqual(attempts.filter(({ endpointId }) => endpointId === endpoint));
    }
  });

  test("attempts can be filtered by every query parameter of the SDKs", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, inbox(404));
    const message = await sendMessage(send, app, { eventType: "a", channels: ["eu"], tags: ["vip"] });
    await attemptsOf(send, app, message, 1);
    const soon = new Date(Date.now() + 60_000).toISOString();
    for (const [query, count] of [
      ["status=2&status_code_class=400&event_types=a,b&channel=eu&tag=vip&expanded_statuses=true", 1],
      [`before=${soon}&with_content=false`, 1],
      [`after=${soon}`, 0],
      ["status=0", 0],
      ["status=4&expanded_statuses=true", 0],
      ["status_code_class=500", 0],
      ["tag=other", 0],
      ["channel=us", 0],
      ["event_types=b&event_types=c", 0],
    ] as const) {
      for (const path of [`attempt/endpoint/${endpoint}`, `attempt/msg/${message}`, `msg/${message}/attempt`]) {
        const { status, json } = await send("GET", `/app/${app}/${path}?${query}`);
        expect({ path, query, status, count: json.data.length }).toEqual({ path, query, status: 200, count });
      }
    }
  });

  test("a list with only `after` contains the oldest items after that time, newest first", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, inbox());
    const sent: string[] = [];
    for (let i = 0; i < 3; i++) sent.push(await sendMessage(send, app));
    await settled(app, endpoint);
    const epoch = "2026-01-01T00:00:00Z";
    expect(ids((await send("GET", `/app/${app}/msg?after=${epoch}&limit=2`)).json.data)).toEqual([sent[1]!, sent[0]!]);
    expect(ids((await attempted(app, endpoint, `?after=${epoch}&limit=2`)).data)).toEqual([sent[1]!, sent[0]!]);
  });
});

test("the SDK can read every list of attempts and destinations", async () => {
  const svix = new Svix(ROOT_TOKEN, { serverUrl: server.url });
  const app = await makeApplication(send);
  const endpoint = await makeEndpoint(send, app, inbox());
  const message = await sendMessage(send, app, { channels: ["eu"], tags: ["vip"] });
  await attemptsOf(send, app, message, 1);
  const options = { channel: "eu", tag: "vip", eventTypes: ["a"], status: 0 as const, limit: 10 };
  const messages = await svix.messageAttempt.listAttemptedMessages(app, endpoint, options);
  expect(messages.data).toMatchObject([{ id: message, status: 0, statusText: "success" }]);
  const ofEndpoint = await svix.messageAttempt.listByEndpoint(app, endpoint, { ...options, withMsg: true });
  expect(ofEndpoint.data).toMatchObject([{ msgId: message, msg: { id: message } }]);
  expect((await svix.messageAttempt.listByMsg(app, message, options)).data).toHaveLength(1);
  expect((await svix.messageAttempt.listAttemptedDestinations(app, message)).data).toMatchObject([{ id: endpoint }]);
});

describe("invalid list requests", () => {
  test("an invalid query parameter of a list returns 400 or 422", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, inbox());
    const message = await sendMessage(send, app);
    for (const path of [`endpoint/${endpoint}/msg`, `attempt/endpoint/${endpoint}`, `msg/${message}/attempt`]) {
      for (const [query, status] of [
        ["limit=251", 422],
        ["limit=0", 422],
        ["limit=abc", 400],
        ["status=5", 400],
        ["status=success", 400],
        ["iterator=nonsense", 422],
        [`iterator=${endpoint}`, 422],
        ["channel=no spaces", 422],
        [`event_types=${"x".repeat(300)}`, 422],
        ["before=yesterday", 400],
        ["with_content=maybe", 400],
        ["expanded_statuses=1", 400],
        ["unknown=1&limit=", 400],
      ] as const) {
        expect({ path, query, status: (await send("GET", `/app/${app}/${path}?${query}`)).status }).toEqual({
          path,
          query,
          status,
        });
      }
    }
  });

  test("listing the endpoints and messages of another application returns 404", async () => {
    const [mine, other] = [await makeApplication(send), await makeApplication(send)];
    const endpoint = await makeEndpoint(send, other, inbox());
    const message = await sendMessage(send, other);
    const own = await makeEndpoint(send, mine, inbox());
    const token = await server.createToken(`--app=${mine}`);
    for (const path of [
      `/app/${other}/endpoint/${endpoint}/msg`,
      `/app/${other}/msg/${message}/attempt`,
      `/app/${other}/msg/${message}/endpoint/${endpoint}/attempt`,
      `/app/${mine}/endpoint/${endpoint}/msg`,
      `/app/${mine}/msg/${message}/attempt`,
    ]) {
      expect({ path, status: (await send("GET", path, undefined, { token })).status }).toEqual({ path, status: 404 });
    }
    expect((await send("GET", `/app/${mine}/endpoint/${own}/msg`, undefined, { token })).status).toBe(200);
    expect((await send("GET", `/app/${mine}/endpoint/${own}/msg`, undefined, { token: "wrong" })).status).toBe(401);
  });
});

describe("filters of the list of applications", () => {
  test("the exclude_apps parameters remove matching applications from every page", async () => {
    const token = await server.createToken(`--environment=${freshUid("env")}`);
    const call: Send = (method, path, body) => send(method, path, body, { token });
    const none = await makeApplication(call);
    const [live, off, play, gone] = [
      await makeApplication(call),
      await makeApplication(call),
      await makeApplication(call),
      await makeApplication(call),
    ];
    await makeEndpoint(call, live, inbox());
    await makeEndpoint(call, live, inbox(), { disabled: true });
    await makeEndpoint(call, off, inbox(), { disabled: true });
    await makeEndpoint(call, play, "https://play.svix.com/in/token/");
    await call("DELETE", `/app/${gone}/endpoint/${await makeEndpoint(call, gone, inbox())}`);
    const list = async (query: string) => {
      const uids: string[] = [];
      for (let iterator = "", done = false; !done; ) {
        const { json } = await call("GET", `/app?limit=2&${query}${iterator}`);
        uids.push(...json.data.map(({ uid }: { uid: string }) => uid));
        done = json.done;
        iterator = `&iterator=${json.iterator}`;
      }
      return uids;
    };
    expect(await list("exclude_apps_with_no_endpoints=false")).toEqual([none, live, off, play, gone]);
    expect(await list("exclude_apps_with_no_endpoints=true")).toEqual([live, off, play]);
    expect(await list("exclude_apps_with_disabled_endpoints=true")).toEqual([none, live, play, gone]);
    expect(await list("exclude_apps_with_svix_play_endpoints=true&order=descending")).toEqual([gone, off, live, none]);
    const all = ["no", "disabled", "svix_play"].map((which) => `exclude_apps_with_${which}_endpoints=true`).join("&");
    expect(await list(all)).toEqual([live]);
    expect((await call("GET", "/app?exclude_apps_with_no_endpoints=x")).status).toBe(400);
  });
});
