import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const list = async (query = "") => (await send("GET", `/endpoint?limit=250&${query}`)).json;
const idsOf = async (query: string): Promise<string[]> => (await list(query)).data.map(({ id }: { id: string }) => id);

describe("GET /endpoint", () => {
  test("each endpoint has the fields of its own application's list, the application and the state", async () => {
    const app = await makeApplication(send);
    const url = "https://user:secret@hook.example/of-environment";
    const { json: made } = await send("POST", `/app/${app}/endpoint`, { url, description: "Orders" });
    const { json: own } = await send("GET", `/app/${app}/endpoint/${made.id}`);
    const { json: application } = await send("GET", `/app/${app}`);
    const [first] = (await list(`app_id=${app}`)).data;
    const named = { appId: application.id, appName: app, appUid: app };
    expect(first).toEqual({ ...own, ...named, state: "healthy", failureReason: null });
    expect(first.url).toBe("https://user:***@hook.example/of-environment");
  });

  test("`with_content` adds the headers and the transformation, with secrets masked", async () => {
    const app = await makeApplication(send);
    const transformation = { code: "function handler(webhook) { return webhook; }", variables: { key: "a-secret" } };
    const headers = { "X-Own": "1", Authorization: "Bearer a-secret" };
    const fields = { url: "https://hook.example/", headers, transformation };
    const { json: made } = await send("POST", `/app/${app}/endpoint`, fields);
    const { json: plain } = await send("GET", `/app/${app}/endpoint/${made.id}/transformation`);
    const [first] = (await list(`app_id=${app}&with_content=true`)).data;
    expect(first).toMatchObject({ headers: { "X-Own": "1" }, sensitiveHeaders: ["Authorization"] });
    expect(first.transformation).toEqual({ ...plain, variables: { key: "[set]" } });
    expect((await list(`app_id=${app}`)).data[0]).not.toContainAnyKeys(["headers", "transformation"]);
  });

  test("an endpoint of a source has the source's id", async () => {
    const settings = { name: "Shop", uid: freshUid("shop"), type: "generic-webhook" };
    const { json: source } = await send("POST", "/ingest/api/v1/source", settings);
    const path = `/ingest/api/v1/source/${source.id}/endpoint`;
    const { json: endpoint } = await send("POST", path, { url: "https://hook.example/" });
    const [first] = (await list()).data;
    expect(first).toMatchObject({ id: endpoint.id, sourceId: source.id, appName: "Shop", appUid: null });
  });

  test("`state` selects endpoints by their state, and several states can be combined", async () => {
    const app = await makeApplication(send);
    const url = `${server.url}/inbox/${freshUid("inbox")}`;
    const failing = await makeEndpoint(send, app, `${url}?status=500`);
    const healthy = await makeEndpoint(send, app, url);
    const paused = await makeEndpoint(send, app, url, { paused: true });
    const disabled = await makeEndpoint(send, app, url, { disabled: true });
    await attemptsOf(send, app, await sendMessage(send, app), 2);
    await until(
      () => idsOf(`app_id=${app}&state=failing`),
      (found) => found.length === 1,
    );
    const expected = { failing, healthy, paused, disabled };
    for (const [state, id] of Object.entries(expected)) {
      expect([state, await idsOf(`app_id=${app}&state=${state}`)]).toEqual([state, [id]]);
    }
    expect(await idsOf(`app_id=${app}&state=failing,disabled`)).toEqual([disabled, failing]);
  });

  test("`reason` and `disabled_cause` select endpoints by why they fail and why they are disabled", async () => {
    const app = await makeApplication(send);
    const url = `${server.url}/inbox/${freshUid("inbox")}`;
    const broken = await makeEndpoint(send, app, `${url}?status=500`);
    const missing = await makeEndpoint(send, app, `${url}?status=404`);
    const gone = await makeEndpoint(send, app, `${url}?status=410`);
    await makeEndpoint(send, app, url);
    const manual = await makeEndpoint(send, app, url, { disabled: true });
    await attemptsOf(send, app, await sendMessage(send, app), 4);
    await until(
      () => idsOf(`app_id=${app}&reason=status_5xx,status_4xx`),
      (found) => found.length === 2,
    );
    await send("PATCH", `/app/${app}/endpoint/${missing}`, { paused: true });
    const [first] = (await list(`app_id=${app}&reason=status_4xx`)).data;
    expect(first).toMatchObject({ id: missing, state: "paused", failureReason: "status_4xx" });
    expect(await idsOf(`app_id=${app}&reason=status_5xx`)).toEqual([broken]);
    expect(await idsOf(`app_id=${app}&reason=timeout`)).toEqual([]);
    expect(await idsOf(`app_id=${app}&disabled_cause=gone`)).toEqual([gone]);
    expect(await idsOf(`app_id=${app}&disabled_cause=gone,manual`)).toEqual([manual, gone]);
    expect(await idsOf(`app_id=${app}&disabled_cause=failing`)).toEqual([]);
    const { json: detail } = await send("GET", `/overview/app/${app}/endpoint/${broken}`);
    expect(detail).toMatchObject({ state: "failing", failureReason: "status_5xx" });
  });

  test("`url` selects endpoints by a part of their URL, taken literally and in any case", async () => {
    const app = await makeApplication(send);
    const id = await makeEndpoint(send, app, "https://user:secret@part.example/a%20b_c?x=1");
    await makeEndpoint(send, app, "https://other.example/aXbYc");
    const find = (text: string) => idsOf(`app_id=${app}&url=${encodeURIComponent(text)}`);
    expect(await find("PART.example/A")).toEqual([id]);
    expect(await find("a%20b_c?x")).toEqual([id]);
    expect(await find("a_b_c")).toEqual([]);
    expect(await find("secret")).toEqual([]);
  });

  test("pages follow each other, newest first", async () => {
    const app = await makeApplication(send);
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.unshift(await makeEndpoint(send, app, `https://hook.example/${i}`));
    const read: string[] = [];
    for (let iterator = ""; ; ) {
      const { json } = await send("GET", `/endpoint?app_id=${app}&limit=2&iterator=${iterator}`);
      read.push(...json.data.map(({ id }: { id: string }) => id));
      if (json.done) break;
      iterator = json.iterator;
    }
    expect(read).toEqual(made);
  });

  test.each([
    ["state=broken", 422],
    ["state=healthy,broken", 422],
    ["reason=broken", 422],
    ["disabled_cause=broken", 422],
    ["app_id=nobody", 404],
    [`url=${"x".repeat(501)}`, 422],
    ["iterator=msg_x", 422],
    ["limit=0", 422],
  ])("the query %s is refused with %d", async (query, status) => {
    expect((await send("GET", `/endpoint?${query}`)).status).toBe(status);
  });

  test("an application's token may not list the endpoints of the environment", async () => {
    const app = await makeApplication(send);
    const { json } = await send("POST", `/auth/app-portal-access/${app}`, {});
    expect((await send("GET", "/endpoint", undefined, { token: json.token })).status).toBe(403);
  });
});
