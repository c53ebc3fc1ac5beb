import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, type Send, sameAtOnce } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

describe("creating, changing and deleting event types", () => {
  test("creating an event type stores every field that is sent", async () => {
    const sent = {
      name: freshUid("type"),
      description: "d",
      deprecated: true,
      schemas: { "1": { type: "object", title: "T" } },
      featureFlags: ["beta", "gamma"],
      groupName: "user",
    };
    const { status, json } = await send("POST", "/event-type", sent);
    expect(status).toBe(201);
    expect(json).toMatchObject({ ...sent, archived: false, featureFlag: "beta" });
    expect((await send("GET", `/event-type/${sent.name}`)).json).toEqual(json);
  });

  test("featureFlag is an alias of featureFlags", async () => {
    const { json } = await send("POST", "/event-type", {
      name: freshUid("type"),
      description: "",
      featureFlag: "beta",
    });
    expect(json.featureFlags).toEqual(["beta"]);
  });

  test("creating an event type returns 409 if the event type exists, and restores it if it is archived", async () => {
    const name = freshUid("type");
    await send("POST", "/event-type", { name, description: "one" });
    const refused = await send("POST", "/event-type", { name, description: "two" });
    expect([refused.status, refused.json.code]).toEqual([409, "event_type_exists"]);
    await send("DELETE", `/event-type/${name}`);
    const back = await send("POST", "/event-type", { name, description: "three" });
    expect([back.status, back.json.description, back.json.archived]).toEqual([201, "three", false]);
  });

  test("a DELETE archives an event type, or removes it if `expunge` is set", async () => {
    const name = freshUid("type");
    await send("POST", "/event-type", { name, description: "" });
    expect((await send("DELETE", `/event-type/${name}`)).status).toBe(204);
    expect((await send("GET", `/event-type/${name}`)).json.archived).toBe(true);
    expect((await send("DELETE", `/event-type/${name}?expunge=true`)).status).toBe(204);
    expect((await send("GET", `/event-type/${name}`)).status).toBe(404);
    expect((await send("DELETE", `/event-type/${name}`)).status).toBe(404);
  });

  test("PUT creates or replaces an event type, and PATCH changes it", async () => {
    const name = freshUid("type");
    const made = await send("PUT", `/event-type/${name}`, { description: "a", groupName: "g" });
    expect([made.status, made.json.name]).toEqual([201, name]);
    const replaced = await send("PUT", `/event-type/${name}`, { description: "b" });
    expect([replaced.status, replaced.json.groupName]).toEqual([200, null]);
    const patched = await send("PATCH", `/event-type/${name}`, { deprecated: true });
    expect(patched.json).toMatchObject({ description: "b", deprecated: true });
    expect((await send("PATCH", "/event-type/nope", {})).status).toBe(404);
  });

  test("concurrent POSTs create or restore an event type only once", async () => {
    const name = freshUid("type");
    const post = () => send("POST", "/event-type", { name, description: "" });
    for (let round = 0; round < 20; round++) {
      const { 201: made = [], 409: refused = [] } = await sameAtOnce(post);
      expect([made.length, refused.length]).toEqual([1, 9]);
      expect(refused[0]!.json.code).toBe("event_type_exists");
      await send("DELETE", `/event-type/${name}`);
    }
  });

  test("concurrent PUTs create one event type, and the later ones replace its fields", async () => {
    for (let round = 0; round < 20; round++) {
      const name = freshUid("type");
      const { 201: made = [], 200: replaced = [] } = await sameAtOnce(() =>
        send("PUT", `/event-type/${name}`, { description: "" }),
      );
      expect([made.length, replaced.length]).toEqual([1, 9]);
    }
  });

  const rejected: [string, object][] = [
    ["no description", { name: "a" }],
    ["no name", { description: "a" }],
    ["a space in the name", { name: "a b", description: "" }],
    ["a name of 257 characters", { name: "n".repeat(257), description: "" }],
    ["a schema that is a string", { name: "a", description: "", schemas: { "1": "x" } }],
    ["an `archived` that is not a boolean", { name: "a", description: "", archived: 1 }],
  ];
  for (const [what, body] of rejected) {
    test(`creating an event type with ${what} returns 422`, async () => {
      expect((await send("POST", "/event-type", body)).status).toBe(422);
    });
  }

  test("a PUT of an event type with an invalid name in the path returns 422", async () => {
    expect((await send("PUT", "/event-type/a%20b", { description: "" })).status).toBe(422);
  });
});

describe("the list of event types", () => {
  test("event types are listed by name, with schemas and archived event types only on request", async () => {
    await server.createToken("--environment", "types");
    const inEnvironment = { headers: { "boathook-environment": "types" } };
    for (const name of ["c", "a", "d", "b"]) {
      await send("POST", "/event-type", { name, description: "", schemas: { "1": {} } }, inEnvironment);
    }
    await send("DELETE", "/event-type/d", undefined, inEnvironment);
    const list = async (query: string) => (await send("GET", `/event-type${query}`, undefined, inEnvironment)).json;
    const names = ({ data }: { data: { name: string }[] }) => data.map(({ name }) => name);

    expect(names(await list(""))).toEqual(["a", "b", "c"]);
    expect((await list("")).data[0].schemas).toBeNull();
    expect((await list("?with_content=true")).data[0].schemas).toEqual({ "1": {} });
    expect(names(await list("?include_archived=true"))).toEqual(["a", "b", "c", "d"]);
    const first = await list("?limit=2");
    expect([names(first), first.iterator, first.prevIterator, first.done]).toEqual([["a", "b"], "b", "-a", false]);
    expect(names(await list("?iterator=b"))).toEqual(["c"]);
    expect(names(await list("?iterator=-c&limit=1"))).toEqual(["b"]);
    const last = await list("?order=descending&limit=2");
    expect([names(last), last.iterator, last.done]).toEqual([["c", "b"], "b", false]);
    expect(names(await list("?order=descending&iterator=b"))).toEqual(["a"]);
    expect(names(await list("?order=descending&iterator=-a&limit=1"))).toEqual(["b"]);
    expect(names(await list("?order=ascending"))).toEqual(["a", "b", "c"]);
  });
  test("event types with names that begin with a minus can be paged in both directions", async () => {
    await server.createToken("--environment", "minuses");
    const inEnvironment = { headers: { "boathook-environment": "minuses" } };
    const all = ["-", "--", "--abc", "-abc", "-b", "abc", "b-"];
    for (const name of all) await send("POST", "/event-type", { name, description: "" }, inEnvironment);
    const page = async (iterator: string | null) => {
      const from = iterator === null ? "" : `&iterator=${encodeURIComponent(iterator)}`;
      return (await send("GET", `/event-type?limit=2${from}`, undefined, inEnvironment)).json;
    };
    const names = ({ data }: { data: { name: string }[] }) => data.map(({ name }) => name);

    let here = await page(null);
    const forwards = names(here);
    while (!here.done && forwards.length <= all.length) {
      here = await page(here.iterator);
      forwards.push(...names(here));
    }
    expect(forwards).toEqual(all);
    const backwards = names(here);
    do {
      here = await page(here.prevIterator);
      backwards.unshift(...names(here));
    } while (!here.done && backwards.length <= all.length);
    expect(backwards).toEqual(all);
  });
});
