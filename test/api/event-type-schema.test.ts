import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
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

const schema = { type: "object", required: ["id"], properties: { id: { type: "string" } } };
const finding = { loc: ["body", "payload", "id"], msg: "This field is required.", type: "schema.required" };

/** Creates an event type with a schema and returns its name. */
async function makeType(fields: object = {}): Promise<string> {
  const name = freshUid("type");
  const sent = { name, description: "", schemas: { "1": schema }, ...fields };
  const { status, text } = await send("POST", "/event-type", sent);
  if (status !== 201) throw new Error(`No event type: ${status} ${text}`);
  return name;
}

const message = (eventType: string, payload: object = {}, more: object = {}) =>
  send("POST", `/app/${app}/msg`, { eventType, payload, ...more });

describe("schemas of event types", () => {
  test("the validation field of an event type is warn by default, and a PUT without the field resets it to warn", async () => {
    const name = await makeType();
    expect((await send("GET", `/event-type/${name}`)).json.validation).toBe("warn");
    const patched = await send("PATCH", `/event-type/${name}`, { validation: "reject" });
    expect(patched.json).toMatchObject({ validation: "reject", schemas: { "1": schema } });
    expect((await send("PUT", `/event-type/${name}`, { description: "" })).json).toMatchObject({
      validation: "warn",
      schemas: null,
    });
  });

  for (const method of ["POST", "PUT", "PATCH"] as const) {
    test(`a ${method} of an event type with an invalid schema returns 422 with the location of the error and changes nothing`, async () => {
      const name = method === "POST" ? freshUid("type") : await makeType();
      const bad = { name, description: "", schemas: { "1": schema, "2": { properties: { a: { type: "objekt" } } } } };
      const { status, json } = await send(method, method === "POST" ? "/event-type" : `/event-type/${name}`, bad);
      expect([status, json.detail[0].loc]).toEqual([422, ["body", "schemas", "2", "properties", "a", "type"]]);
      const after = await send("GET", `/event-type/${name}`);
      if (method === "POST") expect(after.status).toBe(404);
      else expect(after.json.schemas).toEqual({ "1": schema });
    });
  }

  const refused: [string, object][] = [
    ["a schema that refers to another document", { schemas: { "1": { $ref: "http://127.0.0.1:1/schema" } } }],
    ["a schema that is too long", { schemas: { "1": { description: "x".repeat(140_000) } } }],
    ["a schema that only refers to itself", { schemas: { "1": { $ref: "#" } } }],
    ["a schema that is a string", { schemas: { "1": "x" } }],
    ["an unpaired surrogate in a schema", { schemas: { "1": { title: "\ud800" } } }],
    ["an unpaired surrogate in a version", { schemas: { "\ud800": {} } }],
    ["an invalid pattern", { schemas: { "1": { pattern: "(" } } }],
    ["an unknown value for validation", { validation: "maybe" }],
    ["null for validation", { validation: null }],
  ];
  for (const [name, fields] of refused) {
    test(`creating an event type with ${name} returns 422`, async () => {
      const { status, json } = await send("POST", "/event-type", { name: freshUid("t"), description: "", ...fields });
      expect([status, json.detail[0].loc[0]]).toEqual([422, "body"]);
    });
  }
});

describe("validation of messages", () => {
  test("an invalid message is accepted with warnings, which are stored with it", async () => {
    const name = await makeType();
    const sent = await message(name, { id: 1 });
    expect(sent.status).toBe(202);
    expect(sent.json.warnings).toEqual([
      { loc: ["body", "payload", "id"], msg: "Must be string.", type: "schema.type" },
    ]);
    expect((await send("GET", `/app/${app}/msg/${sent.json.id}`)).json).toEqual(sent.json);
    expect((await send("GET", `/app/${app}/msg?event_types=${name}`)).json.data).toEqual([sent.json]);
  });

  test("a message gets no warnings if it is valid, if its event type has no schema, or if validation is off", async () => {
    const fitting = await message(await makeType(), { id: "x" });
    const free = await message(await makeType({ schemas: null }), { id: 1 });
    const unlooked = await message(await makeType({ validation: "off" }), { id: 1 });
    for (const { status, json } of [fitting, free, unlooked, await message("unknown.type", {})]) {
      expect([status, json.warnings]).toEqual([202, undefined]);
    }
  });

  test("messages are checked against a pattern for which RegExp takes exponential time", async () => {
    const slow = { properties: { id: { pattern: "^(a+)+$" } } };
    const name = await makeType({ schemas: { "1": slow }, validation: "reject" });
    expect((await message(name, { id: `${"a".repeat(40)}!` })).status).toBe(422);
    expect((await message(name, { id: "a".repeat(40) })).status).toBe(202);
    expect((await message(name, { id: "b" })).status).toBe(422);
  });

  test("with validation set to reject, sending an invalid message returns 422 and stores nothing", async () => {
    const name = await makeType({ validation: "reject" });
    const { status, json } = await message(name, {}, { eventId: name });
    expect([status, json]).toEqual([422, { detail: [finding] }]);
    expect((await send("GET", `/app/${app}/msg?event_types=${name}`)).json.data).toEqual([]);
    expect((await message(name, { id: "x" }, { eventId: name })).status).toBe(202);
  });

  test("a rejected message does not create its application", async () => {
    const name = await makeType({ validation: "reject" });
    const uid = freshUid("never");
    const body = { eventType: name, payload: {}, application: { name: "Never", uid } };
    expect((await send("POST", `/app/${uid}/msg`, body)).status).toBe(422);
    expect((await send("GET", `/app/${uid}`)).status).toBe(404);
  });

  test("an invalid message in a batch does not affect the others", async () => {
    const [strict, lenient] = [await makeType({ validation: "reject" }), await makeType()];
    const messages = [
      { eventType: strict, payload: {} },
      { eventType: strict, payload: { id: "x" } },
      { eventType: lenient, payload: {} },
    ];
    const { status, json } = await send("POST", `/app/${app}/msg/batch`, { messages });
    expect(status).toBe(202);
    expect(json.data[0]).toEqual({ code: "validation_error", detail: "payload.id: This field is required." });
    expect(json.data[1]).toMatchObject({ payload: { id: "x" } });
    expect(json.data[2].warnings).toEqual([finding]);
  });

  test("messages are validated against the latest version of the schema", async () => {
    const name = await makeType({ schemas: { "2": schema, "10": { type: "object" } } });
    expect((await message(name)).json.warnings).toBeUndefined();
    await send("PATCH", `/event-type/${name}`, { schemas: { "9": { type: "object" }, "10": schema } });
    expect((await message(name)).json.warnings).toEqual([finding]);
    await send("DELETE", `/event-type/${name}?expunge=true`);
    expect((await message(name)).json.warnings).toBeUndefined();
    await send("PUT", `/event-type/${name}`, { description: "", schemas: { "1": schema }, validation: "reject" });
    expect((await message(name)).status).toBe(422);
  });

  test("if a message has a raw payload, that payload is validated", async () => {
    const name = await makeType();
    const warningsOf = async (rawPayload: string) =>
      (await message(name, {}, { transformationsParams: { rawPayload } })).json.warnings;
    expect(await warningsOf('{"id": "x"}')).toBeUndefined();
    expect(await warningsOf('{"id": 1}')).toHaveLength(1);
    expect((await warningsOf("<xml/>"))[0].type).toBe("schema.json");
  });

  test("a call repeated with its idempotency key returns the first response even if validation has changed", async () => {
    const name = await makeType();
    const key = { headers: { "idempotency-key": name } };
    const post = () => send("POST", `/app/${app}/msg`, { eventType: name, payload: {} }, key);
    const first = await post();
    await send("PATCH", `/event-type/${name}`, { validation: "reject" });
    const second = await post();
    expect([second.status, second.json]).toEqual([202, first.json]);
    expect(first.json.warnings).toEqual([finding]);
  });

  test("the event types of another environment have no effect on the validation of messages", async () => {
    const name = await makeType({ validation: "reject" });
    const token = await server.createToken("--environment", "elsewhere");
    await send("POST", "/app", { name: "Other", uid: "other" }, { token });
    const { status } = await send("POST", "/app/other/msg", { eventType: name, payload: {} }, { token });
    expect(status).toBe(202);
  });
});

/** Returns a schema whose references double the work at each level. */
function fan(levels: number): object {
  const definitions: Record<string, object> = { [`d${levels}`]: {} };
  for (let i = 0; i < levels; i++) {
    definitions[`d${i}`] = { allOf: [{ $ref: `#/definitions/d${i + 1}` }, { $ref: `#/definitions/d${i + 1}` }] };
  }
  return { required: ["id"], properties: { id: { $ref: "#/definitions/d0" } }, definitions };
}

describe("expensive schemas", () => {
  test("setting a schema that takes too long to check returns 422 with the schema's location", async () => {
    const schemas = { "1": { allOf: [(fan(50) as { properties: { id: object } }).properties.id], ...fan(50) } };
    const { status, json } = await send("POST", "/event-type", { name: freshUid("t"), description: "", schemas });
    expect([status, json.detail]).toEqual([
      422,
      [expect.objectContaining({ loc: ["body", "schemas", "1"], msg: "The schema takes too long to check." })],
    ]);
  });

  test("setting a schema whose patterns are too long in total returns 422 with the pattern's location", async () => {
    const patternProperties = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`^.{0,${900 + i}}$`, {}]));
    const sent = { name: freshUid("t"), description: "", schemas: { "1": { not: { patternProperties } } } };
    const { status, json } = await send("POST", "/event-type", sent);
    const loc = ["body", "schemas", "1", "not", "patternProperties", expect.any(String)];
    expect([status, json.detail[0].loc]).toEqual([422, loc]);
  });

  test("a message whose schema takes too long to apply gets a warning, or 422 if validation is set to reject", async () => {
    const [lenient, strict] = [
      await makeType({ schemas: { "1": fan(40) } }),
      await makeType({ schemas: { "1": fan(40) }, validation: "reject" }),
    ];
    const cost = [{ loc: ["body", "payload"], msg: expect.any(String), type: "schema.cost" }];
    const [taken, refused] = [await message(lenient, { id: 1 }), await message(strict, { id: 1 })];
    expect([taken.status, taken.json.warnings]).toEqual([202, cost]);
    expect([refused.status, refused.json.detail]).toEqual([422, cost]);
  });

  test("a batch with an expensive schema does not delay other requests", async () => {
    const eventType = await makeType({ schemas: { "1": fan(40) } });
    const messages = Array.from({ length: 2 }, () => ({ eventType, payload: { id: 1 } }));
    await message(eventType, { id: 1 });
    const order: string[] = [];
    const batch = send("POST", `/app/${app}/msg/batch`, { messages }).then(() => order.push("batch"));
    const other = send("GET", `/event-type/${eventType}`).then(() => order.push("other"));
    await Promise.all([batch, other]);
    expect(order).toEqual(["other", "batch"]);
  });

  test("a dozen patterns with exponential backtracking are all checked", async () => {
    const properties = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`p${i}`, { pattern: `^(a+)+${i}$` }]));
    const eventType = await makeType({ schemas: { "1": { properties } }, validation: "reject" });
    const payload = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`p${i}`, `${"a".repeat(60)}!`]));
    const { status, json } = await message(eventType, payload);
    expect([status, json.detail.length]).toEqual([422, 12]);
  });

  test("the $async keyword does not change the validation of messages", async () => {
    const eventType = await makeType({ schemas: { "1": { ...schema, $async: true } }, validation: "reject" });
    expect([(await message(eventType)).status, (await message(eventType, { id: "x" })).status]).toEqual([422, 202]);
  });
});

describe("application tokens", () => {
  test("an application token sees only event types without a feature flag and cannot change them", async () => {
    const [flagged, open] = [await makeType({ featureFlags: ["beta"] }), await makeType()];
    const token = await server.createToken("--app", app);
    expect((await send("GET", `/event-type/${open}`, undefined, { token })).status).toBe(200);
    expect((await send("GET", `/event-type/${flagged}`, undefined, { token })).status).toBe(404);
    const { json } = await send("GET", "/event-type?limit=250", undefined, { token });
    const names = json.data.map(({ name }: { name: string }) => name);
    expect([names.includes(open), names.includes(flagged)]).toEqual([true, false]);
    expect((await send("PATCH", `/event-type/${open}`, {}, { token })).status).toBe(403);
  });
});
