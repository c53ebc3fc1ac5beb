import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
let app: string;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
  app = await makeApplication(send);
});
afterAll(() => server.stop());

const since = "2026-01-01T00:00:00Z";

describe("bulk operations refuse unknown keys with 422 and the location of the key", () => {
  const bodies: [path: () => string, body: object, loc: string[]][] = [
    [() => "/dead-letter/redrive", { filter: { app_ids: "a" } }, ["body", "filter", "app_ids"]],
    [() => "/dead-letter/redrive", { filter: { all: true }, dryrun: true }, ["body", "dryrun"]],
    [() => "/dead-letter/redrive?dryRun=true", { filter: { all: true } }, ["query", "dryRun"]],
    [() => `/app/${app}/endpoint/e/recover`, { since, untill: since }, ["body", "untill"]],
    [() => `/app/${app}/endpoint/e/replay-missing`, { since, untill: since }, ["body", "untill"]],
    [() => `/app/${app}/endpoint/e/bulk-replay`, { since, eventType: ["a"] }, ["body", "eventType"]],
    [() => `/app/${app}/msg/bulk-expunge`, { id: ["a"] }, ["body", "id"]],
    [() => `/app/${app}/msg/expunge-all-contents`, { since }, ["body", "since"]],
    [() => `/app/${app}/msg/expunge-all-contents?since=${since}`, {}, ["query", "since"]],
    [() => `/auth/app/${app}/expire-all`, { sessionId: "a" }, ["body", "sessionId"]],
    [() => "/admin/redrive-dlq", { appId: "a" }, ["body", "appId"]],
  ];
  for (const [path, body, loc] of bodies)
    test(`the unknown key ${loc.join(".")} in a request to ${path().replace(/undefined/, "{app}")} is refused`, async () => {
      const { status, json } = await send("POST", path(), body);
      expect([status, json.detail?.[0].loc]).toEqual([422, loc]);
    });

  test("an unknown query parameter of DELETE /dead-letter is refused", async () => {
    const { status, json } = await send("DELETE", "/dead-letter?app=a&reason=timeout");
    expect([status, json.detail[0].loc]).toEqual([422, ["query", "app"]]);
    expect(json.detail[0].msg).toMatch(/^Unknown parameter\. Allowed: .*app_id/);
  });
});

describe("bulk operations accept camelCase and snake_case", () => {
  test("`dryRun` and the keys of a filter may be sent in snake_case", async () => {
    const filter = { app_id: app, event_types: ["a"] };
    const { status, json } = await send("POST", "/dead-letter/redrive", { filter, dry_run: true });
    expect([status, json.count]).toEqual([200, 0]);
    const unknown = await send("POST", "/dead-letter/redrive", { filter: { app_id: "nope" }, dry_run: true });
    expect(unknown.status).toBe(404);
  });

  test("query parameters of DELETE /dead-letter may be in camelCase", async () => {
    expect((await send("DELETE", `/dead-letter?appId=${app}`)).json).toEqual({ count: 0 });
    expect((await send("DELETE", "/dead-letter?appId=nope")).status).toBe(404);
    expect((await send("DELETE", "/dead-letter?eventTypes[]=a&eventTypes[]=b")).json).toEqual({ count: 0 });
  });

  test("a key that is sent in both camelCase and snake_case is refused", async () => {
    const twice = await send("POST", "/dead-letter/redrive", { filter: { all: true }, dryRun: true, dry_run: true });
    expect([twice.status, twice.json.detail[0].loc]).toEqual([422, ["body", "dry_run"]]);
    const filter = await send("POST", "/dead-letter/redrive", { filter: { app_id: app, appId: app } });
    expect([filter.status, filter.json.detail[0].loc]).toEqual([422, ["body", "filter", "appId"]]);
    const query = await send("DELETE", `/dead-letter?app_id=${app}&appId=${app}`);
    expect([query.status, query.json.detail[0].loc]).toEqual([422, ["query", "appId"]]);
  });

  test("a bulk operation on everything requires `all`, which cannot be combined with other filters", async () => {
    const redrive = (filter: object) => send("POST", "/dead-letter/redrive", { filter, dryRun: true });
    expect((await redrive({ all: true })).status).toBe(200);
    for (const filter of [{}, { all: false }, { all: true, appId: app }])
      expect([filter, (await redrive(filter)).status]).toEqual([filter, 422]);
    expect((await send("DELETE", "/dead-letter?all=true")).status).toBe(200);
    for (const query of ["", "?all=false", `?all=true&app_id=${app}`])
      expect([query, (await send("DELETE", `/dead-letter${query}`)).status]).toEqual([query, 422]);
  });
});

describe("other operations list ignored keys in boathook-ignored", () => {
  const ignored = async (method: string, path: string, body?: unknown) => {
    const { status, headers } = await send(method, path, body);
    return [status, headers.get("boathook-ignored")];
  };

  test("unknown keys of the body, of nested objects and of the query are listed in order of appearance", async () => {
    expect(await ignored("POST", "/app", { nmae: "a", name: "a", event_type: 1 })).toEqual([201, "nmae, event_type"]);
    const message = { eventType: "a", payload: { free: 1 }, transformationsParams: { rawPayloads: "x" }, eventid: "b" };
    expect(await ignored("POST", `/app/${app}/msg?with_contents=false`, message)).toEqual([
      202,
      "transformationsParams.rawPayloads, eventid, ?with_contents",
    ]);
    expect(await ignored("GET", "/app?limt=5&limit=5")).toEqual([200, "?limt"]);
    const endpoint = await makeEndpoint(send, app, "http://example.com");
    expect(await ignored("PATCH", `/app/${app}/endpoint/${endpoint}`, { disable: true })).toEqual([200, "disable"]);
  });

  test("no keys are listed if all keys are known or the request fails, and keys in a payload or in metadata are never listed", async () => {
    const message = { eventType: "a", payload: { any: { key: 1 } } };
    expect(await ignored("POST", `/app/${app}/msg`, message)).toEqual([202, null]);
    expect(await ignored("POST", "/app", { name: "a", metadata: { any: "key" } })).toEqual([201, null]);
    expect(await ignored("POST", "/app", { nmae: "a" })).toEqual([422, null]);
  });

  test("at most 20 ignored keys are listed, each truncated to 64 characters and percent-encoded", async () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`key${i}`, i]));
    const [, names] = await ignored("POST", "/app", { name: "a", ...many });
    expect(String(names).split(", ")).toEqual(Array.from({ length: 20 }, (_, i) => `key${i}`));
    expect(await ignored("POST", "/app", { name: "a", ["x".repeat(100)]: 1 })).toEqual([201, "x".repeat(64)]);
    const odd = { "a b": 1, ä: 1, "x,\r\ny": 1, "%": 1, "\ud800": 1 };
    expect(await ignored("POST", "/app", { name: "a", ...odd })).toEqual([
      201,
      "a%20b, %C3%A4, x%2C%0D%0Ay, %25, %EF%BF%BD",
    ]);
  });

  test("pages of other origins can read the header boathook-ignored", async () => {
    const { headers } = await send("POST", "/app", { name: "a", nmae: 1 });
    expect(headers.get("access-control-expose-headers")).toBe("*");
  });
});
