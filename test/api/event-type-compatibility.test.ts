import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, type Send } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const BEFORE = { type: "object", properties: { a: { type: "string" }, b: {} } };
const AFTER = { type: "object", properties: { a: { type: "string" }, x: {} }, required: ["x"] };
const CHANGES = ["schemas.1: required property `x` was added", "schemas.1: property `b` was removed"];
const DESCRIPTION = { description: "" };

/** Creates an event type with a schema and returns its name and path. */
async function eventType(compatibility?: string) {
  const name = freshUid("type");
  const body = { name, ...DESCRIPTION, schemas: { 1: BEFORE }, ...(compatibility && { compatibility }) };
  const { status, text, json } = await send("POST", "/event-type", body);
  if (status !== 201) throw new Error(`The event type was not created: ${text}`);
  expect(json.warnings).toBeUndefined();
  return { name, path: `/event-type/${name}` };
}

describe("the compatibility of schemas", () => {
  test("by default, a change of a schema is not checked", async () => {
    const { path } = await eventType();
    const { status, json } = await send("PATCH", path, { schemas: { 1: AFTER } });
    expect([status, json.compatibility, json.warnings]).toEqual([200, "off", undefined]);
  });

  test("with `warn`, PUT and PATCH store an incompatible schema and name the changes", async () => {
    for (const [method, body] of [
      ["PATCH", { schemas: { 1: AFTER } }],
      ["PUT", { ...DESCRIPTION, schemas: { 1: AFTER }, compatibility: "warn" }],
    ] as const) {
      const { path } = await eventType("warn");
      const { status, json } = await send(method, path, body);
      expect([status, json.warnings.toSorted()]).toEqual([200, CHANGES.toSorted()]);
      expect((await send("GET", path)).json.schemas).toEqual({ 1: AFTER });
    }
  });

  test("with `reject`, an incompatible schema gets 409 with the changes, and nothing is stored", async () => {
    const { path } = await eventType("reject");
    for (const [method, body] of [
      ["PATCH", { schemas: { 1: AFTER } }],
      ["PUT", { ...DESCRIPTION, schemas: { 1: AFTER } }],
      ["PUT", DESCRIPTION],
    ] as const) {
      const { status, json } = await send(method, path, body);
      expect([status, json.code]).toEqual([409, "incompatible_schema"]);
      if ("schemas" in body) for (const change of CHANGES) expect(json.detail).toContain(change);
    }
    const { schemas, compatibility } = (await send("GET", path)).json;
    expect([schemas, compatibility]).toEqual([{ 1: BEFORE }, "reject"]);
  });

  test("with `reject`, a compatible schema, another field and a request that turns the check off are accepted", async () => {
    const { path } = await eventType("reject");
    const grown = { ...BEFORE, properties: { ...BEFORE.properties, c: { type: "string" } } };
    expect((await send("PATCH", path, { schemas: { 1: BEFORE, 2: grown } })).status).toBe(200);
    expect((await send("PATCH", path, { deprecated: true })).status).toBe(200);
    const put = await send("PUT", path, { ...DESCRIPTION, schemas: { 3: grown } });
    expect([put.status, put.json.compatibility]).toEqual([200, "reject"]);
    expect((await send("PATCH", path, { compatibility: "off", schemas: { 3: AFTER } })).status).toBe(200);
  });

  test("a new version of the schema is compared with the latest one", async () => {
    const { path } = await eventType("warn");
    const { json } = await send("PATCH", path, { schemas: { 1: BEFORE, 10: AFTER } });
    expect(json.warnings.toSorted()).toEqual(CHANGES.map((text) => text.replace("1:", "10:")).toSorted());
  });

  test("an import of an OpenAPI document checks the schemas of existing event types", async () => {
    const { name } = await eventType("warn");
    const strict = await eventType("reject");
    const document = (of: string) => ({
      openapi: "3.1.0",
      webhooks: { [of]: { post: { requestBody: { content: { "application/json": { schema: AFTER } } } } } },
    });
    const warned = await send("POST", "/event-type/import/openapi", { spec: document(name) });
    expect(warned.json.data.warnings.toSorted()).toEqual(CHANGES.map((text) => `${name}: ${text}`).toSorted());
    const refused = await send("POST", "/event-type/import/openapi", { spec: document(strict.name) });
    expect([refused.status, refused.json.code]).toEqual([409, "incompatible_schema"]);
    expect((await send("GET", strict.path)).json.schemas).toEqual({ 1: BEFORE });
  });

  test("an import of an environment checks the schemas, and keeps `compatibility` if it has none", async () => {
    const { name, path } = await eventType("reject");
    const importing = (fields: object) =>
      send("POST", "/environment/import", { eventTypes: [{ name, ...DESCRIPTION, ...fields }] });
    expect((await importing({ schemas: { 1: AFTER } })).json).toMatchObject({ code: "incompatible_schema" });
    expect((await importing({ schemas: { 1: BEFORE } })).status).toBe(204);
    expect((await send("GET", path)).json.compatibility).toBe("reject");
  });
});
