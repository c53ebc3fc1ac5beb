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

describe("an event type", () => {
  test("keeps all that was sent", async () => {
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

  test("takes featureFlag, the old form of featureFlags", async () => {
    const { json } = await send("POST", "/event-type", {
      name: freshUid("type"),
      description: "",
      featureFlag: "beta",
    });
    expect(json.featureFlags).toEqual(["beta"]);
  });

  test("that exists answers 409; when it is archived it comes back with what is sent", async () => {
    const name = freshUid("type");
    await send("POST", "/event-type", { name, description: "one" });
    const refused = await send("POST", "/event-type", { name, description: "two" });
    expect([refused.status, refused.json.code]).toEqual([409, "event_type_exists"]);
    await send("DELETE", `/event-type/${name}`);
    const back = await send("POST", "/event-type", { name, description: "three" });
    expect([back.status, back.json.description, back.json.archived]).toEqual([201, "three", false]);
  });

  test("is archived by DELETE and still there, and gone with expunge", async () => {
    const name = freshUid("type");
    await send("POST", "/event-type", { name, description: "" });
    expect((await send("DELETE", `/event-type/${name}`)).status).toBe(204);
    expect((await send("GET", `/event-type/${name}`)).json.archived).toBe(true);
    expect((await send("DELETE", `/event-type/${name}?expunge=true`)).status).toBe(204);
    expect((await send("GET", `/event-type/${name}`)).status).toBe(404);
    expect((await send("DELETE", `/event-type/${name}`)).status).toBe(404);
  });

  test("is made or replaced by PUT, and changed by PATCH", async () => {
    const name = freshUid("type");
    const made = await send("PUT", `/event-type/${name}`, { description: "a", groupName: "g" });
    expect([made.status, made.json.name]).toEqual([201, name]);
    const replaced = await send("PUT", `/event-type/${name}`, { description: "b" });
    expect([replaced.status, replaced.json.groupName]).toEqual([200, null]);
    const patched = await send("PATCH", `/event-type/${name}`, { deprecated: true });
    expect(patched.json).toMatchObject({ description: "b", deprecated: true });
    expect((await send("PATCH", "/event-type/nope", {})).status).toBe(404);
  });

  test("is made once by POSTs at the same time, and brought back once", async () => {
    const name = freshUid("type");
    const post = () => send("POST", "/event-type", { name, description: "" });
    for (let round = 0; round < 20; round++) {
      const { 201: made = [], 409: refused = [] } = await sameAtOnce(post);
      expect([made.length, refused.length]).toEqual([1, 9]);
      expect(refused[0]!.json.code).toBe("event_type_exists");
      await send("DELETE", `/event-type/${name}`);
    }
  });

  test("is made once by PUTs at the same time, and replaced by the others", async () => {
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
    ["a space in its name", { name: "a b", description: "" }],
    ["a name of 257 characters", { name: "n".repeat(257), description: "" }],
    ["schemas that are no objects", { name: "a", description: "", schemas: { "1": "x" } }],
    ["an archived that is no boolean", { name: "a", description: "", archived: 1 }],
  ];
  for (const [what, body] of rejected) {
    test(`with ${what} answers 422`, async () => {
      expect((await send("POST", "/event-type", body)).status).toBe(422);
    });
  }

  test("with a wrong name in the path of PUT answers 422", async () => {
    expect((await send("PUT", "/event-type/a%20b", { description: "" })).status).toBe(422);
  });
});

describe("the list of event types", () => {
  test("is by name, pages by name, and shows schemas and archived ones only when asked", async () => {
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
  });
  test("pages both ways over names that begin with a minus", async () => {
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
