import { afterAll, beforeAll, expect, test } from "bun:test";
import { clientOf, freshUid, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

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
  const ofEventType = { kind: "event-type", id: "order.paid", title: "order.paid" };
  await send("PATCH", `/app/${app.id}/endpoint/${endpoint}`, { uid: "main-hook", description: "Hook of the billing" });
  const { json: environment } = await send("GET", "/environment");
  const tokens = `/management/authentication/${environment.id}/api-token`;
  const { json: token } = await send("POST", tokens, { name: "Nightly export" });
  const ofToken = { kind: "token", id: token.id, title: "Nightly export" };
  const since = new Date(Date.now() - 60_000).toISOString();
  const { json: task } = await send("POST", `/app/${app.id}/endpoint/${endpoint}/recover`, { since });
  await send("POST", "/management/environment", { name: "other", type: "development" });
  const find = async (text: string, headers = {}) =>
    (await send("GET", `/search?q=${encodeURIComponent(text)}`, undefined, { headers })).json.data;

  const url = "https://user:***@found.example/hook";
  const ofApp = { kind: "application", id: app.id, title: "Acme Ärzte" };
  const where = { appId: app.id, appName: "Acme Ärzte" };
  const ofEndpoint = { kind: "endpoint", id: endpoint, title: url, ...where };
  const ofSource = { kind: "source", id: source.id, title: "Shop" };
  const ofMessage = expect.objectContaining({ kind: "message", id: message, ...where });
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
    [settings.uid.slice(2).toUpperCase(), ofSource],
    ["sHOp", ofSource],
    ["order.paid", ofEventType],
    ["er.PAI", ofEventType],
    ["main-hook", ofEndpoint],
    ["in-HOO", ofEndpoint],
    ["of the billing", ofEndpoint],
    [token.id, ofToken],
    ["nightly", ofToken],
    [task.id, { kind: "task", id: task.id, title: "endpoint.recover" }],
  ];
  for (const [text, hit] of cases) {
    expect([text, await find(text)]).toEqual([text, [hit]]);
    expect([text, await find(text, { "boathook-environment": "other" })]).toEqual([text, []]);
  }
  for (const text of ["secret", "", "%", "a_b"]) expect([text, await find(text)]).toEqual([text, []]);
  expect((await send("GET", `/search?q=${"x".repeat(257)}`)).status).toBe(422);
});

test("an attempt and an entry of the audit log are found by their ids, only in the caller's environment", async () => {
  const { json: app } = await send("POST", "/app", { name: "Tried Ltd", uid: freshUid("tried") });
  await makeEndpoint(send, app.id, `${server.url}/inbox/${freshUid("inbox")}`);
  const message = await sendMessage(send, app.id);
  await attemptsOf(send, app.id, message, 1);
  const [attempt] = (await send("GET", `/app/${app.id}/attempt/msg/${message}`)).json.data;
  const { json: event } = await send("GET", `/app/${app.id}/msg/${message}`);
  const { data: entries } = (await send("GET", "/audit-log?limit=3")).json;
  await send("POST", "/management/environment", { name: "elsewhere", type: "development" });
  const find = async (text: string, headers = {}) =>
    (await send("GET", `/search?q=${text}`, undefined, { headers })).json.data;
  const where = { appId: app.id, appName: "Tried Ltd", msgId: message };
  const ofAttempt = { kind: "attempt", id: attempt.id, title: event.eventType, ...where };
  const cases = [
    [attempt.id, ofAttempt],
    ...entries.map(({ id, action }: { id: string; action: string }) => [
      id,
      { kind: "audit-entry", id, title: action },
    ]),
  ];
  expect(cases.length).toBe(4);
  for (const [text, hit] of cases) {
    expect(await find(text)).toEqual([hit]);
    expect(await find(text, { "boathook-environment": "elsewhere" })).toEqual([]);
  }
});

test("what has an id but no name is found by its id, only with the scopes and in the environment of the caller", async () => {
  const { json: app } = await send("POST", "/app", { name: "Refusing Ltd", uid: freshUid("refusing") });
  await makeEndpoint(send, app.id, `${server.url}/inbox/${freshUid("inbox")}?status=410`);
  const message = await sendMessage(send, app.id);
  await attemptsOf(send, app.id, message, 1);
  const letter = await until(
    async () => (await send("GET", `/dead-letter?app_id=${app.id}`)).json.data[0],
    (found) => found !== undefined,
  );
  const settings = { name: "Signed", uid: freshUid("signed"), type: "github", config: { secret: "s".repeat(32) } };
  const { json: source } = await send("POST", "/ingest/api/v1/source", settings);
  expect((await fetch(source.ingestUrl, { method: "POST", body: "{}" })).status).toBe(401);
  const entry = await until(
    async () => (await send("GET", `/ingest/api/v1/source/${source.id}/log`)).json.data[0],
    (found) => found !== undefined,
  );
  await send("POST", "/session", { token: ROOT_TOKEN });
  const session = (await send("GET", "/session/list")).json.data[0];
  const { json: environment } = await send("GET", "/environment");
  const url = "https://ops.example/hook";
  const { json: operational } = await send("POST", "/operational-webhook/endpoint", { url });
  const { json: other } = await send("POST", "/management/environment", { name: "apart", type: "development" });
  const tokens = `/management/authentication/${environment.id}/api-token`;
  const scopes = ["application:Read", "endpoint:Read", "message:Read", "ingest:Read", "event-type:Read"];
  const { json: token } = await send("POST", tokens, { name: "Searcher", scopes });
  const find = async (text: string, options = {}) =>
    (await send("GET", `/search?q=${text}`, undefined, options)).json.data;

  const ofLetter = { kind: "dead-letter", id: letter.id, title: letter.eventType, appId: app.id, msgId: message };
  const hits = [
    { ...ofLetter, appName: "Refusing Ltd" },
    { kind: "source-log-entry", id: entry.id, title: `Signed: ${entry.cause}`, sourceId: source.id },
    { kind: "session", id: session.id, title: "Session" },
    { kind: "environment", id: environment.id, title: environment.name },
    { kind: "operational-endpoint", id: operational.id, title: url },
  ];
  for (const hit of hits) {
    expect(await find(hit.id)).toEqual([hit]);
    const isEverywhere = hit.kind === "session" || hit.kind === "environment";
    expect(await find(hit.id, { headers: { "boathook-environment": "apart" } })).toEqual(isEverywhere ? [hit] : []);
    const isScopeOfAll = hit.kind === "source-log-entry";
    expect(await find(hit.id, { token: token.token })).toEqual(isScopeOfAll ? [hit] : []);
  }
  expect(await find(other.id)).toMatchObject([{ kind: "environment", title: "apart" }]);
});

test("an exact match is first, and no kind of hit hides the others", async () => {
  const app = await send("POST", "/app", { name: "busy one", uid: "busy" });
  for (let i = 0; i < 30; i++) await makeEndpoint(send, app.json.id, `https://busy.example/${i}`);
  await send("POST", "/app", { name: "second busy" });
  await send("POST", "/event-type", { name: "busy.started", description: "" });
  const { data } = (await send("GET", "/search?q=busy")).json as { data: { kind: string; title: string }[] };
  expect(data.slice(0, 2).map(({ title }) => title)).toEqual(["busy one", "second busy"]);
  expect(data.length).toBe(20);
  expect(data.filter(({ kind }) => kind === "event-type").length).toBe(1);
  expect(data.filter(({ kind }) => kind === "endpoint").length).toBe(17);
});

test("endpoints of different applications with the same uid are all found", async () => {
  const names = ["first", "second"];
  for (const name of names) {
    const { json: app } = await send("POST", "/app", { name: `Same ${name}` });
    await send("POST", `/app/${app.id}/endpoint`, { url: `https://${name}.example/`, uid: "same-uid" });
  }
  const { data } = (await send("GET", "/search?q=same-uid")).json;
  expect(data.map(({ appName }: { appName: string }) => appName)).toEqual(["Same second", "Same first"]);
});

test("a token without the scopes for tasks and tokens finds everything else", async () => {
  const { json: environment } = await send("GET", "/environment");
  const tokens = `/management/authentication/${environment.id}/api-token`;
  const scopes = ["application:Read", "endpoint:Read", "message:Read", "ingest:Read", "event-type:Read"];
  const { json: limited } = await send("POST", tokens, { name: "Scoped finder", scopes });
  const find = async (text: string) =>
    (await send("GET", `/search?q=${text}`, undefined, { token: limited.token })).json.data;
  expect(await find("Scoped")).toEqual([]);
  expect(await find(limited.id)).toEqual([]);
  expect((await find("order.paid")).length).toBe(1);
});
