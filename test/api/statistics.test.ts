import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Svix } from "svix";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Tests attempt counts of endpoints, and reports about all applications of an environment. */

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const DAY_MS = 86_400_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const inbox = (status = 200) => `${server.url}/inbox/${freshUid("inbox")}?status=${status}`;

describe("endpoint statistics", () => {
  test("endpoint statistics count attempts by outcome", async () => {
    const app = await makeApplication(send);
    const [good, bad] = [await makeEndpoint(send, app, inbox()), await makeEndpoint(send, app, inbox(500))];
    for (let i = 0; i < 3; i++) await attemptsOf(send, app, await sendMessage(send, app), 2);
    const none = { success: 0, pending: 0, sending: 0, fail: 0, canceled: 0 };
    const of = async (endpoint: string, query = "") =>
      (await send("GET", `/app/${app}/endpoint/${endpoint}/stats${query}`)).json;
    expect(await of(good)).toEqual({ ...none, success: 3 });
    expect(await of(bad)).toEqual({ ...none, fail: 3 });
    expect(await of(good, `?since=${ago(60_000)}`)).toEqual({ ...none, success: 3 });
    expect(await of(good, `?until=${ago(60_000)}`)).toEqual(none);
  });

  test("attempt-stats counts the attempts of whole hours", async () => {
    const app = await makeApplication(send);
    const [good, bad] = [await makeEndpoint(send, app, inbox()), await makeEndpoint(send, app, inbox(500))];
    await attemptsOf(send, app, await sendMessage(send, app), 2);
    const of = async (endpoint: string, query = "") =>
      (await send("GET", `/app/${app}/endpoint/${endpoint}/attempt-stats${query}`)).json;
    expect(await of(good)).toEqual({ success: 1, fail: 0, canceled: 0 });
    // A range that starts now includes the whole current hour. A range that ended two hours ago has
    // no attempts.
    expect(await of(bad, `?since=${ago(0)}`)).toEqual({ success: 0, fail: 1, canceled: 0 });
    expect(await of(bad, `?until=${ago(2 * 60 * 60_000)}`)).toEqual({ success: 0, fail: 0, canceled: 0 });
    expect((await send("GET", `/app/${app}/endpoint/${bad}/attempt-stats?until=${ago(-60_000)}`)).status).toBe(400);
  });

  test("requesting endpoint statistics returns 400 if the range is too long, reversed or in the future", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, inbox());
    for (const [query, status] of [
      [`since=${ago(28 * DAY_MS + 60_000)}`, 200],
      [`since=${ago(28 * DAY_MS + 600_000)}`, 400],
      [`until=${ago(-60_000)}`, 400],
      [`since=${ago(60_000)}&until=${ago(120_000)}`, 400],
      [`since=${ago(100 * DAY_MS)}&until=${ago(80 * DAY_MS)}`, 200],
    ] as const) {
      const answer = await send("GET", `/app/${app}/endpoint/${endpoint}/stats?${query}`);
      expect({ query, status: answer.status }).toEqual({ query, status });
      if (status === 400) expect(answer.json.code).toBe("invalid_range");
    }
    expect((await send("GET", `/app/${app}/endpoint/${endpoint}/stats?since=then`)).status).toBe(400);
  });

  test("an application token can read only the statistics of its own endpoints", async () => {
    const [mine, other] = [await makeApplication(send), await makeApplication(send)];
    const [own, foreign] = [await makeEndpoint(send, mine, inbox()), await makeEndpoint(send, other, inbox())];
    const token = await server.createToken(`--app=${mine}`);
    const status = async (app: string, endpoint: string) =>
      (await send("GET", `/app/${app}/endpoint/${endpoint}/stats`, undefined, { token })).status;
    expect([await status(mine, own), await status(mine, foreign), await status(other, foreign)]).toEqual([
      200, 404, 404,
    ]);
  });
});

/** Creates an environment and returns clients for it, with and without the SDK. */
async function ownEnvironment() {
  const token = await server.createToken(`--environment=${freshUid("env")}`);
  const call: Send = (method, path, body) => send(method, path, body, { token });
  const svix = new Svix(token, { serverUrl: server.url });
  const finished = (id: string) =>
    until(
      async () => (await call("GET", `/background-task/${id}`)).json,
      ({ status }) => status !== "running",
    );
  const idOf = async (app: string) => (await call("GET", `/app/${app}`)).json.id as string;
  return { call, svix, finished, idOf };
}

describe("usage reports", () => {
  test("a usage report counts the attempts of each application, including those of deleted endpoints", async () => {
    const { call, svix, finished, idOf } = await ownEnvironment();
    const [busy, idle] = [await makeApplication(call), await makeApplication(call)];
    const endpoint = await makeEndpoint(call, busy, inbox());
    await makeEndpoint(call, busy, inbox(500));
    for (let i = 0; i < 2; i++) await attemptsOf(call, busy, await sendMessage(call, busy), 2);
    await call("DELETE", `/app/${busy}/endpoint/${endpoint}`);
    const started = await svix.statistics.aggregateAppStats({
      since: new Date(Date.now() - DAY_MS),
      until: new Date(),
    });
    expect(started).toMatchObject({ task: "application.stats", unresolvedAppIds: [] });
    expect(await finished(started.id)).toMatchObject({
      status: "finished",
      task: "application.stats",
      data: {
        appStats: [
          { appId: await idOf(busy), appUid: busy, messageDestinations: 4 },
          { appId: await idOf(idle), appUid: idle, messageDestinations: 0 },
        ],
      },
    });
  });

  test("a usage report for a list of applications ignores duplicates and lists unknown applications as unresolved", async () => {
    const { call, finished, idOf } = await ownEnvironment();
    const [one, two] = [await makeApplication(call), await makeApplication(call)];
    const foreign = await makeApplication(send);
    const range = { since: ago(2 * DAY_MS), until: ago(DAY_MS) };
    const appIds = [two, await idOf(two), foreign, "nobody", two, "nobody"];
    const { status, json } = await call("POST", "/stats/usage/app", { ...range, appIds });
    expect({ status, unresolved: json.unresolvedAppIds }).toEqual({ status: 202, unresolved: [foreign, "nobody"] });
    const { data } = await finished(json.id);
    expect(data.appStats).toEqual([{ appId: await idOf(two), appUid: two, messageDestinations: 0 }]);
    const nobody = await call("POST", "/stats/usage/app", { ...range, appIds: ["nobody"] });
    expect((await finished(nobody.json.id)).data.appStats).toEqual([]);
    expect(one).not.toBe(two);
  });

  test("a usage report is completed even if the process is killed and restarted", async () => {
    const { call, finished } = await ownEnvironment();
    const app = await makeApplication(call);
    const { json } = await call("POST", "/stats/usage/app", { since: ago(DAY_MS), until: ago(0) });
    await server.restart();
    const task = await finished(json.id);
    expect(task).toMatchObject({ status: "finished", data: { appStats: [{ appUid: app }] } });
  });

  test("an invalid request for a usage report returns 422", async () => {
    const range = { since: ago(DAY_MS), until: ago(0) };
    for (const body of [
      undefined,
      {},
      { since: range.since },
      { ...range, until: null },
      { ...range, since: "yesterday" },
      { since: range.until, until: range.since },
      { ...range, appIds: "all" },
      { ...range, appIds: [""] },
      { ...range, appIds: Array.from({ length: 1001 }, (_, i) => `a${i}`) },
      "[]",
      "{",
    ]) {
      const { status } = await send("POST", "/stats/usage/app", body);
      expect({ body, status }).toEqual({ body, status: 422 });
    }
  });
});

test("the event type report lists the subscriptions of each application's endpoints", async () => {
  const { call, svix, finished, idOf } = await ownEnvironment();
  for (const name of ["user.signup", "user.deleted"]) await call("POST", "/event-type", { name, description: "" });
  const [named, all, none] = [await makeApplication(call), await makeApplication(call), await makeApplication(call)];
  await makeEndpoint(call, named, inbox(), { eventTypes: ["user.signup"] });
  await makeEndpoint(call, named, inbox(), { eventTypes: ["user.deleted", "user.signup"] });
  await makeEndpoint(call, named, inbox(), { disabled: true });
  await makeEndpoint(call, all, inbox());
  const started = await svix.statistics.aggregateEventTypes();
  const { status, task, data } = await finished(started.id);
  expect({ status, task }).toEqual({ status: "finished", task: "event-type.aggregate" });
  expect(data.event_types).toEqual([
    {
      appId: await idOf(named),
      explicitlySubscribedEventTypes: ["user.deleted", "user.signup"],
      hasCatchAllEndpoint: false,
    },
    { appId: await idOf(all), explicitlySubscribedEventTypes: [], hasCatchAllEndpoint: true },
    { appId: await idOf(none), explicitlySubscribedEventTypes: [], hasCatchAllEndpoint: false },
  ]);
});

test("requesting a report returns 403 to an application token and 404 in another environment", async () => {
  const token = await server.createToken(`--app=${await makeApplication(send)}`);
  const body = { since: ago(DAY_MS), until: ago(0) };
  expect((await send("POST", "/stats/usage/app", body, { token })).status).toBe(403);
  expect((await send("PUT", "/stats/usage/event-types", undefined, { token })).status).toBe(403);
  const { call } = await ownEnvironment();
  const { json } = await send("PUT", "/stats/usage/event-types");
  expect((await call("GET", `/background-task/${json.id}`)).status).toBe(404);
});
