import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send, sameAtOnce } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

describe("creating an application", () => {
  test("creating an application returns 201 and all its fields", async () => {
    const uid = freshUid();
    const { status, json } = await send("POST", "/app", { name: "Shop", uid, metadata: { plan: "pro" } });
    expect(status).toBe(201);
    expect(json).toMatchObject({ name: "Shop", uid, metadata: { plan: "pro" }, throttleRate: null });
    expect(json.id).toMatch(/^app_[A-Za-z0-9]{27}$/);
    expect(json.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(json.updatedAt).toBe(json.createdAt);
  });

  test("rateLimit is an alias of throttleRate, and throttleRate takes precedence if both are sent", async () => {
    expect((await send("POST", "/app", { name: "a", rateLimit: 5 })).json.throttleRate).toBe(5);
    expect((await send("POST", "/app", { name: "a", rateLimit: 5, throttleRate: 7 })).json.throttleRate).toBe(7);
  });

  test("throttleRate takes precedence over rateLimit even if throttleRate is null", async () => {
    const uid = freshUid();
    const body = { name: "a", uid, rateLimit: 5, throttleRate: null };
    expect((await send("POST", "/app", body)).json.throttleRate).toBeNull();
    await send("PATCH", `/app/${uid}`, { throttleRate: 7 });
    expect((await send("PUT", `/app/${uid}`, body)).json.throttleRate).toBeNull();
    const put = freshUid();
    expect((await send("PUT", `/app/${put}`, { ...body, uid: put })).json.throttleRate).toBeNull();
    const onDemand = freshUid();
    const application = { ...body, uid: onDemand };
    await send("POST", `/app/${onDemand}/msg`, { eventType: "a", payload: {}, application });
    expect((await send("GET", `/app/${onDemand}`)).json.throttleRate).toBeNull();
  });

  test("creating an application with a uid that is already in use returns 409", async () => {
    const uid = await makeApplication(send);
    const { status, json } = await send("POST", "/app", { name: "again", uid });
    expect(status).toBe(409);
    expect(json).toEqual({ code: "conflict", detail: "An application with that id or uid already exists" });
  });

  test("get_if_exists returns 200 and the existing application unchanged", async () => {
    const uid = await makeApplication(send);
    const { status, json } = await send("POST", "/app?get_if_exists=true", { name: "other name", uid });
    expect(status).toBe(200);
    expect(json.name).toBe(uid);
  });

  test("get_if_exists creates an application that does not exist", async () => {
    const uid = freshUid();
    const { status, json } = await send("POST", "/app?get_if_exists=true", { name: "new", uid });
    expect([status, json.uid]).toEqual([201, uid]);
  });

  test("concurrent calls with get_if_exists create one application, and all return that application", async () => {
    // Whether calls overlap depends on chance, so the test repeats them.
    for (let round = 0; round < 20; round++) {
      const uid = freshUid();
      const { 201: made = [], 200: got = [] } = await sameAtOnce(() =>
        send("POST", "/app?get_if_exists=true", { name: "new", uid }),
      );
      expect([made.length, got.length]).toEqual([1, 9]);
      for (const { json } of got) expect(json).toEqual(made[0]!.json);
    }
  });

  test("concurrent PUTs to an unknown uid create one application, and the later ones replace its fields", async () => {
    for (let round = 0; round < 20; round++) {
      const uid = freshUid();
      const { 201: made = [], 200: replaced = [] } = await sameAtOnce(() =>
        send("PUT", `/app/${uid}`, { name: "new" }),
      );
      expect([made.length, replaced.length]).toEqual([1, 9]);
      for (const { json } of replaced) expect(json.id).toBe(made[0]!.json.id);
    }
  });

  test("a PUT that sets the uid of another application returns 409", async () => {
    const uid = await makeApplication(send);
    expect((await send("PUT", `/app/${freshUid()}`, { name: "new", uid })).status).toBe(409);
    const { 409: refused = [] } = await sameAtOnce(() => send("PUT", `/app/${freshUid()}`, { name: "new", uid }));
    expect(refused.length).toBe(10);
  });

  const rejected: [string, unknown, string[]][] = [
    ["no name", {}, ["body", "name"]],
    ["an empty name", { name: "" }, ["body", "name"]],
    ["a name that is a number", { name: 5 }, ["body", "name"]],
    ["a null name", { name: null }, ["body", "name"]],
    ["control characters in the name", { name: "a\u0000b" }, ["body", "name"]],
    ["an unpaired surrogate in the name", { name: "a\ud800" }, ["body", "name"]],
    ["an unpaired surrogate in the metadata", { name: "a", metadata: { a: "\udc00" } }, ["body", "metadata"]],
    ["a uid that looks like an id", { name: "a", uid: "app_1" }, ["body", "uid"]],
    ["an empty uid", { name: "a", uid: "" }, ["body", "uid"]],
    ["a space in the uid", { name: "a", uid: "a b" }, ["body", "uid"]],
    ["a uid of 257 characters", { name: "a", uid: "u".repeat(257) }, ["body", "uid"]],
    ["a throttleRate of 0", { name: "a", throttleRate: 0 }, ["body", "throttleRate"]],
    ["a throttleRate that is a string", { name: "a", throttleRate: "5" }, ["body", "throttleRate"]],
    ["a throttleRate of 65536", { name: "a", throttleRate: 65_536 }, ["body", "throttleRate"]],
    ["a metadata value that is a number", { name: "a", metadata: { n: 1 } }, ["body", "metadata", "n"]],
    ["more than 4096 bytes of metadata", { name: "a", metadata: { n: "x".repeat(4097) } }, ["body", "metadata"]],
    ["an array as the body", [], ["body"]],
  ];
  for (const [what, body, loc] of rejected) {
    test(`creating an application with ${what} returns 422 with the location of the error`, async () => {
      const { status, json } = await send("POST", "/app", body);
      expect(status).toBe(422);
      expect(json.detail[0]).toMatchObject({
        loc,
        msg: expect.any(String),
        type: expect.stringMatching(/^value_error/),
      });
    });
  }

  test("unknown fields are ignored when an application is created", async () => {
    const { status, json } = await send("POST", "/app", { name: "a", featureFlags: ["x"], whatever: { a: 1 } });
    expect(status).toBe(201);
    expect(json).not.toHaveProperty("whatever");
  });

  test("the metadata key __proto__ is stored like any other key", async () => {
    const { json } = await send("POST", "/app", '{"name":"a","metadata":{"__proto__":"x"}}');
    expect((await send("GET", `/app/${json.id}`)).text).toContain('"metadata":{"__proto__":"x"}');
  });
});

describe("reading, changing and deleting an application", () => {
  test("an application is found by id and by uid, with and without a trailing slash", async () => {
    const uid = await makeApplication(send);
    const byUid = await send("GET", `/app/${uid}`);
    const byId = await send("GET", `/app/${byUid.json.id}/`);
    expect(byId.json).toEqual(byUid.json);
  });

  test("reading an unknown or malformed application id returns 404", async () => {
    for (const name of ["nope", "app_17MeGibBYAlEAyJrb2g70ismFAs", "%00", "%ff", "a%2Fb", "'%20OR%201=1--"]) {
      const { status, json } = await send("GET", `/app/${name}`);
      expect([name, status, json.code]).toEqual([name, 404, "not_found"]);
    }
  });

  test("a PUT to the id of an application resets omitted fields to their defaults and removes an omitted uid", async () => {
    const { json } = await send("POST", "/app", { name: "a", uid: freshUid(), metadata: { a: "b" }, throttleRate: 3 });
    const { status, json: put } = await send("PUT", `/app/${json.id}`, { name: "b" });
    expect(status).toBe(200);
    expect(put).toMatchObject({ id: json.id, name: "b", metadata: {}, throttleRate: null });
    expect(put).not.toHaveProperty("uid");
    expect((await send("GET", `/app/${json.uid}`)).status).toBe(404);
    expect((await send("POST", "/app", { name: "c", uid: json.uid })).status).toBe(201);
  });

  test("a PUT to the uid of an application keeps the uid unless the body contains another uid", async () => {
    const { json } = await send("POST", "/app", { name: "a", uid: freshUid() });
    expect((await send("PUT", `/app/${json.uid}`, { name: "b" })).json).toMatchObject({ id: json.id, uid: json.uid });
    const uid = freshUid();
    expect((await send("PUT", `/app/${json.uid}`, { name: "b", uid })).json).toMatchObject({ id: json.id, uid });
    expect((await send("PUT", `/app/${uid}`, { name: "b", uid: null })).json).not.toHaveProperty("uid");
  });

  test("an application may have a name of 5,000 characters", async () => {
    const name = "n".repeat(5000);
    expect((await send("POST", "/app", { name })).json.name).toBe(name);
    expect((await send("POST", "/app", { name: "n".repeat(65_537) })).status).toBe(422);
  });

  test("a PUT to an unknown uid creates an application with that uid", async () => {
    const uid = freshUid();
    const { status, json } = await send("PUT", `/app/${uid}`, { name: "made" });
    expect([status, json.uid]).toEqual([201, uid]);
    expect((await send("PUT", `/app/${uid}`, { name: "again" })).status).toBe(200);
  });

  test("a PUT to an unknown application id returns 404", async () => {
    expect((await send("PUT", "/app/app_17MeGibBYAlEAyJrb2g70ismFAs", { name: "a" })).status).toBe(404);
  });

  test("a PATCH changes only the application fields that are sent, and null clears a field", async () => {
    const { json } = await send("POST", "/app", { name: "a", uid: freshUid(), metadata: { a: "b" }, throttleRate: 3 });
    const named = await send("PATCH", `/app/${json.id}`, { name: "b" });
    expect(named.json).toMatchObject({ name: "b", uid: json.uid, metadata: { a: "b" }, throttleRate: 3 });
    const cleared = await send("PATCH", `/app/${json.id}`, { uid: null, throttleRate: null });
    expect(cleared.json).toMatchObject({ name: "b", throttleRate: null });
    expect(cleared.json).not.toHaveProperty("uid");
  });

  test("changing the uid of an application to the uid of another application returns 409", async () => {
    const [one, two] = [await makeApplication(send), await makeApplication(send)];
    expect((await send("PATCH", `/app/${one}`, { uid: two })).status).toBe(409);
    expect((await send("PUT", `/app/${one}`, { name: "a", uid: two })).status).toBe(409);
  });

  test("concurrent PATCHes of different application fields are all applied", async () => {
    const uid = await makeApplication(send);
    await Promise.all([
      send("PATCH", `/app/${uid}`, { name: "new name" }),
      send("PATCH", `/app/${uid}`, { throttleRate: 9 }),
      send("PATCH", `/app/${uid}`, { metadata: { a: "b" } }),
    ]);
    const { json } = await send("GET", `/app/${uid}`);
    expect(json).toMatchObject({ name: "new name", throttleRate: 9, metadata: { a: "b" } });
  });

  test("deleting an application deletes its endpoints and frees its uid", async () => {
    const uid = await makeApplication(send);
    await send("POST", `/app/${uid}/endpoint`, { url: "https://example.com", uid: "e" });
    expect((await send("DELETE", `/app/${uid}`)).status).toBe(204);
    expect((await send("GET", `/app/${uid}`)).status).toBe(404);
    expect((await send("GET", `/app/${uid}/endpoint/e`)).status).toBe(404);
    expect((await send("DELETE", `/app/${uid}`)).status).toBe(404);
    expect((await send("POST", "/app", { name: "next", uid })).status).toBe(201);
  });

  test("sending a message to a deleted application returns 404", async () => {
    const uid = await makeApplication(send);
    const message = { eventType: "a", payload: {} };
    expect((await send("POST", `/app/${uid}/msg`, message)).status).toBe(202);
    await send("DELETE", `/app/${uid}`);
    expect((await send("POST", `/app/${uid}/msg`, message)).status).toBe(404);
  });
});

describe("the list of applications", () => {
  test("applications can be paged forwards and backwards in the requested order", async () => {
    const environment = { headers: { "boathook-environment": "lists" } };
    await server.createToken("--environment", "lists");
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await send("POST", "/app", { name: `n${i}` }, environment)).json.id);

    const first = await send("GET", "/app?limit=2", undefined, environment);
    expect(first.json.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 2));
    expect(first.json).toMatchObject({ iterator: ids[1], prevIterator: `-${ids[0]}`, done: false });

    const second = await send("GET", `/app?limit=2&iterator=${first.json.iterator}`, undefined, environment);
    expect(second.json.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(2, 4));
    const third = await send("GET", `/app?limit=2&iterator=${second.json.iterator}`, undefined, environment);
    expect(third.json.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(4));
    expect(third.json).toMatchObject({ iterator: ids[4], done: true });

    const back = await send("GET", `/app?limit=2&iterator=${third.json.prevIterator}`, undefined, environment);
    expect(back.json.data).toEqual(second.json.data);

    const newest = await send("GET", "/app?limit=2&order=descending", undefined, environment);
    expect(newest.json.data.map(({ id }: { id: string }) => id)).toEqual([ids[4], ids[3]]);
  });

  test("the list of applications of a new environment is empty and has no next page", async () => {
    await server.createToken("--environment", "empty");
    const { json } = await send("GET", "/app", undefined, { headers: { "boathook-environment": "empty" } });
    expect(json).toEqual({ data: [], iterator: null, done: true });
  });

  const wrongTypes = ["limit=abc", "limit=1.5", "limit=", "order=sideways"];
  for (const query of wrongTypes) {
    test(`listing applications with ${query} returns 400`, async () => {
      const { status, json } = await send("GET", `/app?${query}`);
      expect([status, json.code]).toEqual([400, "generic_error"]);
      expect(json.detail).toStartWith("Failed to deserialize query string");
    });
  }

  const wrongValues = ["limit=0", "limit=251", "limit=-1", "iterator=nope", "iterator=ep_17MeGibBYAlEAyJrb2g70ismFAs"];
  for (const query of wrongValues) {
    test(`listing applications with ${query} returns 422`, async () => {
      const { status, json } = await send("GET", `/app?${query}`);
      expect(status).toBe(422);
      expect(json.detail[0].loc).toEqual(["query", query.split("=")[0]]);
    });
  }

  test("unknown query parameters are ignored when applications are listed", async () => {
    expect((await send("GET", "/app?exclude_apps_with_no_endpoints=true&x=1")).status).toBe(200);
  });
});
