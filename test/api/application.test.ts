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
  test("answers 201 with all that is known of it", async () => {
    const uid = freshUid();
    const { status, json } = await send("POST", "/app", { name: "Shop", uid, metadata: { plan: "pro" } });
    expect(status).toBe(201);
    expect(json).toMatchObject({ name: "Shop", uid, metadata: { plan: "pro" }, throttleRate: null });
    expect(json.id).toMatch(/^app_[A-Za-z0-9]{27}$/);
    expect(json.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(json.updatedAt).toBe(json.createdAt);
  });

  test("takes rateLimit, the old name of throttleRate, and gives way to the new one", async () => {
    expect((await send("POST", "/app", { name: "a", rateLimit: 5 })).json.throttleRate).toBe(5);
    expect((await send("POST", "/app", { name: "a", rateLimit: 5, throttleRate: 7 })).json.throttleRate).toBe(7);
  });

  test("takes a throttleRate of null for the word on it, whatever rateLimit says", async () => {
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

  test("with a uid that is taken answers 409", async () => {
    const uid = await makeApplication(send);
    const { status, json } = await send("POST", "/app", { name: "again", uid });
    expect(status).toBe(409);
    expect(json).toEqual({ code: "conflict", detail: "An application with that id or uid already exists" });
  });

  test("with get_if_exists answers 200 with the one that is there, unchanged", async () => {
    const uid = await makeApplication(send);
    const { status, json } = await send("POST", "/app?get_if_exists=true", { name: "other name", uid });
    expect(status).toBe(200);
    expect(json.name).toBe(uid);
  });

  test("with get_if_exists makes the one that is not there", async () => {
    const uid = freshUid();
    const { status, json } = await send("POST", "/app?get_if_exists=true", { name: "new", uid });
    expect([status, json.uid]).toEqual([201, uid]);
  });

  test("with get_if_exists at the same time makes one, and all get it", async () => {
    // Which of them meet is up to chance: some do in one of many rounds.
    for (let round = 0; round < 20; round++) {
      const uid = freshUid();
      const { 201: made = [], 200: got = [] } = await sameAtOnce(() =>
        send("POST", "/app?get_if_exists=true", { name: "new", uid }),
      );
      expect([made.length, got.length]).toEqual([1, 9]);
      for (const { json } of got) expect(json).toEqual(made[0]!.json);
    }
  });

  test("by PUT at the same time makes one, and the others replace it", async () => {
    for (let round = 0; round < 20; round++) {
      const uid = freshUid();
      const { 201: made = [], 200: replaced = [] } = await sameAtOnce(() =>
        send("PUT", `/app/${uid}`, { name: "new" }),
      );
      expect([made.length, replaced.length]).toEqual([1, 9]);
      for (const { json } of replaced) expect(json.id).toBe(made[0]!.json.id);
    }
  });

  test("by PUT with the uid of another one answers 409", async () => {
    const uid = await makeApplication(send);
    expect((await send("PUT", `/app/${freshUid()}`, { name: "new", uid })).status).toBe(409);
    const { 409: refused = [] } = await sameAtOnce(() => send("PUT", `/app/${freshUid()}`, { name: "new", uid }));
    expect(refused.length).toBe(10);
  });

  const rejected: [string, unknown, string[]][] = [
    ["without a name", {}, ["body", "name"]],
    ["with an empty name", { name: "" }, ["body", "name"]],
    ["with a name that is a number", { name: 5 }, ["body", "name"]],
    ["with a name that is null", { name: null }, ["body", "name"]],
    ["with control characters in its name", { name: "a\u0000b" }, ["body", "name"]],
    ["with half of a character in its name", { name: "a\ud800" }, ["body", "name"]],
    ["with half of a character in its metadata", { name: "a", metadata: { a: "\udc00" } }, ["body", "metadata"]],
    ["with a uid that looks like an id", { name: "a", uid: "app_1" }, ["body", "uid"]],
    ["with an empty uid", { name: "a", uid: "" }, ["body", "uid"]],
    ["with a space in its uid", { name: "a", uid: "a b" }, ["body", "uid"]],
    ["with a uid of 257 characters", { name: "a", uid: "u".repeat(257) }, ["body", "uid"]],
    ["with a throttleRate of 0", { name: "a", throttleRate: 0 }, ["body", "throttleRate"]],
    ["with a throttleRate that is a text", { name: "a", throttleRate: "5" }, ["body", "throttleRate"]],
    ["with a throttleRate of 65536", { name: "a", throttleRate: 65_536 }, ["body", "throttleRate"]],
    ["with metadata that is no text", { name: "a", metadata: { n: 1 } }, ["body", "metadata", "n"]],
    ["with more than 4096 bytes of metadata", { name: "a", metadata: { n: "x".repeat(4097) } }, ["body", "metadata"]],
    ["with a list for a body", [], ["body"]],
  ];
  for (const [what, body, loc] of rejected) {
    test(`${what} answers 422 and says where`, async () => {
      const { status, json } = await send("POST", "/app", body);
      expect(status).toBe(422);
      expect(json.detail[0]).toMatchObject({
        loc,
        msg: expect.any(String),
        type: expect.stringMatching(/^value_error/),
      });
    });
  }

  test("ignores fields that it does not know", async () => {
    const { status, json } = await send("POST", "/app", { name: "a", featureFlags: ["x"], whatever: { a: 1 } });
    expect(status).toBe(201);
    expect(json).not.toHaveProperty("whatever");
  });

  test("leaves the prototype of nothing polluted by metadata", async () => {
    const { json } = await send("POST", "/app", '{"name":"a","metadata":{"__proto__":"x"}}');
    expect((await send("GET", `/app/${json.id}`)).text).toContain('"metadata":{"__proto__":"x"}');
  });
});

describe("an application", () => {
  test("is found by its id and by its uid, with and without a slash at the end", async () => {
    const uid = await makeApplication(send);
    const byUid = await send("GET", `/app/${uid}`);
    const byId = await send("GET", `/app/${byUid.json.id}/`);
    expect(byId.json).toEqual(byUid.json);
  });

  test("is not found by something else", async () => {
    for (const name of ["nope", "app_17MeGibBYAlEAyJrb2g70ismFAs", "%00", "%ff", "a%2Fb", "'%20OR%201=1--"]) {
      const { status, json } = await send("GET", `/app/${name}`);
      expect([name, status, json.code]).toEqual([name, 404, "not_found"]);
    }
  });

  test("is replaced by PUT: fields that are not sent get their defaults, the uid stays", async () => {
    const { json } = await send("POST", "/app", { name: "a", uid: freshUid(), metadata: { a: "b" }, throttleRate: 3 });
    const { status, json: put } = await send("PUT", `/app/${json.id}`, { name: "b" });
    expect(status).toBe(200);
    expect(put).toMatchObject({ id: json.id, uid: json.uid, name: "b", metadata: {}, throttleRate: null });
  });

  test("is made by PUT on an unknown uid, with that uid", async () => {
    const uid = freshUid();
    const { status, json } = await send("PUT", `/app/${uid}`, { name: "made" });
    expect([status, json.uid]).toEqual([201, uid]);
    expect((await send("PUT", `/app/${uid}`, { name: "again" })).status).toBe(200);
  });

  test("is not made by PUT on an id that is not there", async () => {
    expect((await send("PUT", "/app/app_17MeGibBYAlEAyJrb2g70ismFAs", { name: "a" })).status).toBe(404);
  });

  test("is changed by PATCH only where something was sent, and null clears", async () => {
    const { json } = await send("POST", "/app", { name: "a", uid: freshUid(), metadata: { a: "b" }, throttleRate: 3 });
    const named = await send("PATCH", `/app/${json.id}`, { name: "b" });
    expect(named.json).toMatchObject({ name: "b", uid: json.uid, metadata: { a: "b" }, throttleRate: 3 });
    const cleared = await send("PATCH", `/app/${json.id}`, { uid: null, throttleRate: null });
    expect(cleared.json).toMatchObject({ name: "b", throttleRate: null });
    expect(cleared.json).not.toHaveProperty("uid");
  });

  test("cannot take the uid of another one", async () => {
    const [one, two] = [await makeApplication(send), await makeApplication(send)];
    expect((await send("PATCH", `/app/${one}`, { uid: two })).status).toBe(409);
    expect((await send("PUT", `/app/${one}`, { name: "a", uid: two })).status).toBe(409);
  });

  test("keeps all of many changes that come at the same time", async () => {
    const uid = await makeApplication(send);
    await Promise.all([
      send("PATCH", `/app/${uid}`, { name: "new name" }),
      send("PATCH", `/app/${uid}`, { throttleRate: 9 }),
      send("PATCH", `/app/${uid}`, { metadata: { a: "b" } }),
    ]);
    const { json } = await send("GET", `/app/${uid}`);
    expect(json).toMatchObject({ name: "new name", throttleRate: 9, metadata: { a: "b" } });
  });

  test("is gone after DELETE, with its endpoints, and its uid is free", async () => {
    const uid = await makeApplication(send);
    await send("POST", `/app/${uid}/endpoint`, { url: "https://example.com", uid: "e" });
    expect((await send("DELETE", `/app/${uid}`)).status).toBe(204);
    expect((await send("GET", `/app/${uid}`)).status).toBe(404);
    expect((await send("GET", `/app/${uid}/endpoint/e`)).status).toBe(404);
    expect((await send("DELETE", `/app/${uid}`)).status).toBe(404);
    expect((await send("POST", "/app", { name: "next", uid })).status).toBe(201);
  });

  test("does not take messages after it was deleted", async () => {
    const uid = await makeApplication(send);
    const message = { eventType: "a", payload: {} };
    expect((await send("POST", `/app/${uid}/msg`, message)).status).toBe(202);
    await send("DELETE", `/app/${uid}`);
    expect((await send("POST", `/app/${uid}/msg`, message)).status).toBe(404);
  });
});

describe("the list of applications", () => {
  test("pages forwards and backwards, and stays in order", async () => {
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

  test("is empty and done in a new environment", async () => {
    await server.createToken("--environment", "empty");
    const { json } = await send("GET", "/app", undefined, { headers: { "boathook-environment": "empty" } });
    expect(json).toEqual({ data: [], iterator: null, done: true });
  });

  const wrongTypes = ["limit=abc", "limit=1.5", "limit=", "order=sideways"];
  for (const query of wrongTypes) {
    test(`with ${query} answers 400`, async () => {
      const { status, json } = await send("GET", `/app?${query}`);
      expect([status, json.code]).toEqual([400, "generic_error"]);
      expect(json.detail).toStartWith("Failed to deserialize query string");
    });
  }

  const wrongValues = ["limit=0", "limit=251", "limit=-1", "iterator=nope", "iterator=ep_17MeGibBYAlEAyJrb2g70ismFAs"];
  for (const query of wrongValues) {
    test(`with ${query} answers 422`, async () => {
      const { status, json } = await send("GET", `/app?${query}`);
      expect(status).toBe(422);
      expect(json.detail[0].loc).toEqual(["query", query.split("=")[0]]);
    });
  }

  test("ignores parameters that it does not know", async () => {
    expect((await send("GET", "/app?exclude_apps_with_no_endpoints=true&x=1")).status).toBe(200);
  });
});
