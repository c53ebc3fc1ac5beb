import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Svix } from "svix";
import { Svix as Svix1 } from "svix1";
import { clientOf, freshUid, type Send } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const environmentToken = () => server.createToken("--environment", freshUid("environment"));
const type = (name: string, more: object = {}) => ({ name, description: `About ${name}`, ...more });

async function exported(token: string) {
  const { status, json } = await send("POST", "/environment/export", undefined, { token });
  expect(status).toBe(200);
  return json;
}

describe("exporting and importing an environment", () => {
  test("an environment export contains every event type, including archived ones", async () => {
    const token = await environmentToken();
    await send("POST", "/event-type", type("a", { archived: true, featureFlags: ["x"], validation: "off" }), { token });
    await send("POST", "/event-type", type("b", { schemas: { "1": { type: "object" } } }), { token });
    const out = await exported(token);
    expect(out).toMatchObject({ version: 1, settings: null, connectors: [] });
    expect(out.createdAt).toMatch(/Z$/);
    expect(out.eventTypes).toMatchObject([
      { name: "a", archived: true, featureFlags: ["x"], validation: "off" },
      { name: "b", schemas: { "1": { type: "object" } } },
    ]);
  });

  test("importing an export reproduces its event types in another environment", async () => {
    const [here, there] = [await environmentToken(), await environmentToken()];
    const created = Array.from({ length: 260 }, (_, i) => {
      const name = `t${String(i).padStart(3, "0")}`;
      return send("POST", "/event-type", type(name, { groupName: "g", deprecated: i % 2 === 0 }), { token: here });
    });
    await Promise.all(created);
    const out = await exported(here);
    expect(out.eventTypes).toHaveLength(260);
    expect((await send("POST", "/environment/import", out, { token: there })).status).toBe(204);
    const timeless = ({ eventTypes }: { eventTypes: object[] }) =>
      eventTypes.map((one) => ({ ...one, createdAt: null, updatedAt: null }));
    expect(timeless(await exported(there))).toEqual(timeless(out));
  });

  test("importing an export reproduces its payload versions and the compatibility of its event types", async () => {
    const [here, there] = [await environmentToken(), await environmentToken()];
    const downgrade = "function downgrade(payload) { return payload; }";
    for (const version of ["2026-11-01", "2026-12-01"]) {
      const body = { version, description: version, downgrade, deprecatedAt: "2027-01-01T00:00:00.000Z" };
      expect((await send("POST", "/payload-version", body, { token: here })).status).toBe(201);
    }
    await send("POST", "/event-type", type("a", { compatibility: "reject" }), { token: here });
    const out = await exported(here);
    for (let i = 0; i < 2; i++) {
      expect((await send("POST", "/environment/import", out, { token: there })).status).toBe(204);
    }
    const timeless = ({ payloadVersions, eventTypes }: { payloadVersions: object[]; eventTypes: object[] }) =>
      [...payloadVersions, ...eventTypes].map((one) => ({ ...one, createdAt: null, updatedAt: null }));
    expect(timeless(out)).toMatchObject([
      { version: "2026-12-01" },
      { version: "2026-11-01" },
      { compatibility: "reject" },
    ]);
    expect(timeless(await exported(there))).toEqual(timeless(out));
    const twice = { payloadVersions: [out.payloadVersions[0], out.payloadVersions[0]] };
    const { status, json } = await send("POST", "/environment/import", twice, { token: there });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "payloadVersions", "[1]", "version"]]);
  });

  test("an import with an invalid payload version names its place in the document", async () => {
    const token = await environmentToken();
    const payloadVersions = [{ version: "2" }, { version: "1", downgrade: "function downgrade(" }];
    const { status, json } = await send("POST", "/environment/import", { payloadVersions }, { token });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "payloadVersions", "[1]", "downgrade"]]);
  });

  test("an environment import replaces event types of the same name and keeps the others", async () => {
    const token = await environmentToken();
    await send("POST", "/event-type", type("a", { groupName: "g", archived: true }), { token });
    await send("POST", "/event-type", type("b"), { token });
    await send("POST", "/environment/import", { eventTypes: [{ name: "a", description: "New" }] }, { token });
    expect((await exported(token)).eventTypes).toMatchObject([
      { name: "a", description: "New", groupName: null, archived: false },
      { name: "b", description: "About b" },
    ]);
  });

  test("an environment import may be empty, and its settings and connectors are ignored", async () => {
    const token = await environmentToken();
    for (const body of [{}, { eventTypes: null, settings: null, connectors: null }, { settings: { a: 1 } }]) {
      expect((await send("POST", "/environment/import", body, { token })).status).toBe(204);
    }
  });

  const refused: [string, unknown, string[]][] = [
    ["no body", undefined, ["body"]],
    ["an array as the body", [], ["body"]],
    ["event types that are not an array", { eventTypes: {} }, ["body", "eventTypes"]],
    [
      "an event type without a description",
      { eventTypes: [{ name: "x" }] },
      ["body", "eventTypes", "[0]", "description"],
    ],
    ["an invalid name", { eventTypes: [type("no spaces")] }, ["body", "eventTypes", "[0]", "name"]],
    ["a duplicate name", { eventTypes: [type("x"), type("x")] }, ["body", "eventTypes", "[1]", "name"]],
    [
      "an invalid schema",
      { eventTypes: [type("x"), type("y", { schemas: { "1": { type: "objekt" } } })] },
      ["body", "eventTypes", "[1]", "schemas", "1", "type"],
    ],
  ];
  for (const [name, body, loc] of refused) {
    test(`an environment import with ${name} returns 422 and imports nothing`, async () => {
      const token = await environmentToken();
      const { status, json } = await send("POST", "/environment/import", body, { token });
      expect([status, json.detail[0].loc]).toEqual([422, loc]);
      expect((await exported(token)).eventTypes).toEqual([]);
    });
  }

  test("export and import return 403 to an application token", async () => {
    await send("POST", "/app", { name: "P", uid: "portal" });
    const token = await server.createToken("--app", "portal");
    expect((await send("POST", "/environment/export", undefined, { token })).status).toBe(403);
    expect((await send("POST", "/environment/import", {}, { token })).status).toBe(403);
  });

  test("concurrent imports of the same event type all succeed and create one event type", async () => {
    const token = await environmentToken();
    const bodies = Array.from({ length: 10 }, (_, i) => ({ eventTypes: [type("same", { groupName: `g${i}` })] }));
    const answers = await Promise.all(bodies.map((body) => send("POST", "/environment/import", body, { token })));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(204));
    expect((await exported(token)).eventTypes).toHaveLength(1);
  });

  const clients = [
    ["2.x", (token: string) => new Svix(token, { serverUrl: server.url })],
    ["1.x", (token: string) => new Svix1(token, { serverUrl: server.url }) as unknown as Svix],
  ] as const;
  for (const [version, clientFor] of clients) {
    test(`the Svix client ${version} can export event types and import them into another environment`, async () => {
      const [from, to] = [clientFor(await environmentToken()), clientFor(await environmentToken())];
      await from.eventType.create({ name: "moved", description: "d" });
      const { eventTypes } = await from.environment.export();
      await to.environment.import({ eventTypes });
      expect((await to.eventType.get("moved")).description).toBe("d");
    });
  }
});
