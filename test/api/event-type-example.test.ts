import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const needsId = { type: "object", required: ["id"], properties: { id: { type: "integer" } } };

async function makeType(schemas: object | null, fields: object = {}): Promise<string> {
  const name = freshUid("type");
  const { status } = await send("POST", "/event-type", { name, description: "", schemas, ...fields });
  expect(status).toBe(201);
  return name;
}

describe("validation of an example", () => {
  const validate = (body: unknown) => send("POST", "/event-type/validate", body);

  test("an example is validated against a schema in the request", async () => {
    const good = await validate({ schema: needsId, example: { id: 1 } });
    expect([good.status, good.json]).toEqual([200, { valid: true, schema: null, example: [] }]);
    const { json } = await validate({ schema: needsId, example: { id: "one" } });
    expect(json).toMatchObject({ valid: false, schema: null });
    expect(json.example).toEqual([{ loc: ["body", "example", "id"], msg: expect.any(String), type: "schema.type" }]);
  });

  test("an example is validated against the latest or a named version of an event type's schema", async () => {
    const eventType = await makeType({ "2": needsId, "10": { type: "object", required: ["name"] } });
    const validity = async (fields: object) => (await validate({ eventType, ...fields })).json.valid;
    expect(await validity({ example: { name: "a" } })).toBe(true);
    expect(await validity({ example: { id: 1 } })).toBe(false);
    expect(await validity({ example: { id: 1 }, version: "2" })).toBe(true);
    expect((await validate({ eventType, example: {}, version: "3" })).status).toBe(404);
    expect((await send("GET", "/event-type")).json.data).toContainEqual(
      expect.objectContaining({ name: eventType, schemaVersions: ["2", "10"] }),
    );
    const bare = await makeType(null);
    expect((await validate({ eventType: bare, example: null })).json.valid).toBe(true);
  });

  test("a schema that cannot be used is reported with its location", async () => {
    const { status, json } = await validate({ schema: { properties: { a: { type: "no-type" } } }, example: {} });
    expect([status, json.valid, json.example]).toEqual([200, false, []]);
    expect(json.schema.loc.slice(0, 2)).toEqual(["body", "schema"]);
    expect(json.schema.type).toBe("schema.unusable");
  });

  test("validation never stores an event type", async () => {
    const before = (await send("GET", "/event-type?limit=250")).json.data.length;
    await validate({ schema: needsId, example: { id: 1 } });
    expect((await send("GET", "/event-type?limit=250")).json.data.length).toBe(before);
  });

  test("bad input is refused field by field", async () => {
    const cases: [unknown, number][] = [
      [{ example: {} }, 422],
      [{ schema: needsId }, 422],
      [{ schema: needsId, eventType: "a", example: {} }, 422],
      [{ schema: null, eventType: null, example: {} }, 422],
      [{ schema: "text", example: {} }, 422],
      [{ schema: [], example: {} }, 422],
      [{ schema: needsId, version: "1", example: {} }, 422],
      [{ eventType: 17, example: {} }, 422],
      [{ eventType: "no.such.type", example: {} }, 404],
      [{ eventType: "", example: {} }, 404],
      [{ schema: { $ref: "https://hook.example/schema" }, example: {} }, 200],
      [[], 422],
    ];
    for (const [body, status] of cases) {
      expect({ body, status: (await validate(body)).status }).toEqual({ body, status });
    }
  });

  test("only tokens of an environment may validate", async () => {
    const token = await server.createToken(`--app=${await makeApplication(send)}`);
    expect((await send("POST", "/event-type/validate", { schema: {}, example: 1 }, { token })).status).toBe(403);
  });
});

describe("the example of an event type", () => {
  test("an example in the schema is returned, and otherwise one is generated", async () => {
    const named = await makeType({ "1": { ...needsId, examples: [{ id: 7 }] }, "2": needsId });
    const of = async (name: string, query = "") => (await send("GET", `/event-type/${name}/example${query}`)).json;
    expect(await of(named, "?version=1")).toEqual({ payload: { id: 7 }, version: "1", generated: false });
    expect(await of(named)).toEqual({ payload: { id: 0 }, version: "2", generated: true });
    expect(await of(await makeType(null))).toEqual({ payload: {}, version: null, generated: true });
    for (const path of [`${named}/example?version=9`, "no.such.type/example"]) {
      expect((await send("GET", `/event-type/${path}`)).status).toBe(404);
    }
  });

  test("an event type whose feature flag the caller lacks has no example", async () => {
    const name = await makeType({ "1": needsId }, { featureFlags: ["beta"] });
    const app = await makeApplication(send);
    const access = await send("POST", `/auth/app-portal-access/${app}`, { featureFlags: [] });
    const status = async (token: string) =>
      (await send("GET", `/event-type/${name}/example`, undefined, { token })).status;
    expect(await status(access.json.token)).toBe(404);
    const allowed = await send("POST", `/auth/app-portal-access/${app}`, { featureFlags: ["beta"] });
    expect(await status(allowed.json.token)).toBe(200);
  });
});
