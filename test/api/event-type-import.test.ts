import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Svix } from "svix";
import { Svix as Svix1 } from "svix1";
import { clientOf, freshUid, type Send } from "../support/client.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const PATH = "/event-type/import/openapi";

function specOf(webhooks: Record<string, object>) {
  return { openapi: "3.1.0", info: { title: "T", version: "1" }, webhooks };
}

function webhook(description: string, schema: object = { type: "object" }) {
  return { post: { description, requestBody: { content: { "application/json": { schema } } } } };
}

async function environmentToken(): Promise<string> {
  return server.createToken("--environment", freshUid("environment"));
}

const names = async (token: string, query = "") =>
  (await send("GET", `/event-type?limit=250${query}`, undefined, { token })).json.data.map(
    ({ name }: { name: string }) => name,
  );

describe("importing event types from an OpenAPI document", () => {
  test("an OpenAPI import does not undo concurrent changes to fields that it does not set", async () => {
    const token = await environmentToken();
    for (let i = 0; i < 20; i++) {
      const name = `pet.${i}`;
      await send("POST", "/event-type", { name, description: "" }, { token });
      await Promise.all([
        send("PATCH", `/event-type/${name}`, { groupName: "pets" }, { token }),
        send("POST", PATH, { spec: specOf({ [name]: webhook("Imported") }) }, { token }),
        send("PATCH", `/event-type/${name}`, { featureFlags: ["beta"] }, { token }),
      ]);
      const { json } = await send("GET", `/event-type/${name}`, undefined, { token });
      expect(json).toMatchObject({ description: "Imported", groupName: "pets", featureFlags: ["beta"] });
    }
  });

  test("a dry run of an OpenAPI import returns the changes that the import would make, and changes nothing", async () => {
    const token = await environmentToken();
    const body = { dryRun: true, spec: specOf({ "pet.new": webhook("A pet.") }) };
    const { status, json } = await send("POST", PATH, body, { token });
    expect([status, json]).toEqual([
      200,
      {
        data: {
          modified: [],
          changes: [{ name: "pet.new", change: "created", fields: [] }],
          to_modify: [
            {
              name: "pet.new",
              description: "A pet.",
              deprecated: false,
              schemas: { "1": { $schema: "https://json-schema.org/draft/2020-12/schema", type: "object" } },
              groupName: null,
              featureFlags: null,
              featureFlag: null,
            },
          ],
        },
      },
    ]);
    expect(await names(token)).toEqual([]);
  });

  test("a dry run of an OpenAPI import lists what would be created, changed, archived, left unchanged and skipped", async () => {
    const token = await environmentToken();
    const webhooks = { "pet.same": webhook("Same"), "pet.old": webhook("Old") };
    await send("POST", PATH, { spec: specOf(webhooks) }, { token });
    await send("POST", "/event-type", { name: "pet.other", description: "" }, { token });
    const bad = { "bad name": webhook("Bad") };
    const changed = { "pet.same": webhook("Same"), "pet.old": webhook("Changed"), "pet.new": webhook("New"), ...bad };
    const body = { dryRun: true, replaceAll: true, spec: specOf(changed) };
    const { data } = (await send("POST", PATH, body, { token })).json;
    expect(data.changes).toEqual([
      { name: "pet.same", change: "unchanged", fields: [] },
      { name: "pet.old", change: "changed", fields: ["description"] },
      { name: "pet.new", change: "created", fields: [] },
      { name: "pet.other", change: "archived", fields: [] },
    ]);
    expect(data.skipped.map(({ name }: { name: string }) => name)).toEqual(["bad name"]);
    expect((await send("GET", "/event-type/pet.other", undefined, { token })).json.archived).toBe(false);
    const { changes } = (await send("POST", PATH, { ...body, replaceAll: false }, { token })).json.data;
    expect(changes).toHaveLength(3);
  });

  test("an OpenAPI import creates and updates event types and keeps fields that it does not set", async () => {
    const token = await environmentToken();
    const old = { name: "pet.old", description: "Old", groupName: "pets", validation: "reject", archived: true };
    await send("POST", "/event-type", old, { token });
    const spec = specOf({ "pet.old": webhook("Changed"), "pet.new": webhook("New") });
    const { json } = await send("POST", PATH, { spec }, { token });
    expect(json).toEqual({ data: { modified: ["pet.old", "pet.new"], to_modify: null } });
    expect((await send("GET", "/event-type/pet.old", undefined, { token })).json).toMatchObject({
      description: "Changed",
      groupName: "pets",
      validation: "reject",
      archived: false,
    });
  });

  test("an OpenAPI import with replaceAll archives all other event types", async () => {
    const token = await environmentToken();
    await send("POST", "/event-type", { name: "other", description: "" }, { token });
    const spec = specOf({ "pet.new": webhook("New") });
    await send("POST", PATH, { spec, replaceAll: true, dryRun: true }, { token });
    expect(await names(token)).toEqual(["other"]);
    await send("POST", PATH, { spec, replaceAll: true }, { token });
    expect(await names(token)).toEqual(["pet.new"]);
    expect(await names(token, "&include_archived=true")).toEqual(["other", "pet.new"]);
  });

  test("an OpenAPI import accepts YAML and JSON text", async () => {
    const token = await environmentToken();
    const yaml = `
# a comment
openapi: 3.0.3
info: { title: T, version: "1" }
x-webhooks:
  "from.yaml":
    post:
      summary: >-
        Folded
        text
      requestBody:
        content:
          application/json:
            schema: { $ref: "#/components/schemas/Pet" }
components:
  schemas:
    Pet: { type: object, required: [id], properties: { id: { type: string, nullable: true } } }
`;
    expect((await send("POST", PATH, { specRaw: yaml }, { token })).json.data.modified).toEqual(["from.yaml"]);
    expect((await send("GET", "/event-type/from.yaml", undefined, { token })).json).toMatchObject({
      description: "Folded text",
      schemas: { "1": { type: "object", required: ["id"], properties: { id: { type: ["string", "null"] } } } },
    });
    const json = JSON.stringify(specOf({ "from.json": webhook("J") }));
    expect((await send("POST", PATH, { specRaw: json }, { token })).json.data.modified).toEqual(["from.json"]);
  });

  test("imported schemas apply to new messages immediately", async () => {
    const token = await environmentToken();
    await send("POST", "/app", { name: "A", uid: "a" }, { token });
    const message = { eventType: "pet.new", payload: {} };
    expect((await send("POST", "/app/a/msg", message, { token })).json.warnings).toBeUndefined();
    await send("POST", PATH, { spec: specOf({ "pet.new": webhook("", { required: ["id"] }) }) }, { token });
    expect((await send("POST", "/app/a/msg", message, { token })).json.warnings).toHaveLength(1);
  });

  const unreadable: [string, object][] = [
    ["neither spec nor specRaw", {}],
    ["both spec and specRaw", { spec: specOf({}), specRaw: "x" }],
    ["null for both spec and specRaw", { spec: null, specRaw: null }],
    ["text that is neither JSON nor YAML", { specRaw: "a: [1, 2" }],
    ["text that is nested 200,000 levels deep", { specRaw: "[".repeat(200_000) }],
  ];
  for (const [name, body] of unreadable) {
    test(`an OpenAPI import with ${name} returns 400`, async () => {
      expect((await send("POST", PATH, body)).status).toBe(400);
    });
  }

  const refused: [string, object][] = [
    ["a document without webhooks", { spec: { openapi: "3.1.0" } }],
    ["a document that is a string", { specRaw: "just a text" }],
    ["an empty document", { specRaw: "" }],
    ["a spec that is an array", { spec: [] }],
    ["an unpaired surrogate in a description", { spec: specOf({ a: webhook("\ud800") }) }],
    [
      "an unpaired surrogate in a schema in specRaw",
      { specRaw: JSON.stringify(specOf({ a: webhook("", { title: "\ud800" }) })) },
    ],
    ["an unpaired surrogate in a name", { spec: specOf({ "\ud800": webhook("") }) }],
    ["an invalid event type name", { spec: specOf({ "no spaces": webhook("") }) }],
    ["a reference to another document", { spec: specOf({ a: webhook("", { $ref: "http://127.0.0.1:1/x" }) }) }],
    [
      "YAML with a circular alias",
      {
        specRaw:
          "webhooks:\n  a:\n    post:\n      requestBody:\n        content:\n          application/json:\n            schema: &s\n              properties: { x: *s }\n",
      },
    ],
    ["a `dryRun` that is not a boolean", { dryRun: "yes", spec: specOf({}) }],
  ];
  for (const [name, body] of refused) {
    test(`an OpenAPI import with ${name} returns 422`, async () => {
      const { status, json } = await send("POST", PATH, body);
      expect([status, json.detail[0].loc[0]]).toEqual([422, "body"]);
    });
  }

  test("an OpenAPI import imports every usable webhook and lists the others with the reason", async () => {
    const token = await environmentToken();
    const good = Array.from({ length: 30 }, (_, i): [string, object] => [`order.changed-${i}`, webhook(`Change ${i}`)]);
    const huge = { type: "object", description: "x".repeat(140_000) };
    const spec = specOf({
      ...Object.fromEntries(good.slice(0, 15)),
      "orders/create": webhook("A slash"),
      "Push Hook": webhook("A space"),
      "order.huge": webhook("Too large", huge),
      "order.wrong": webhook("Invalid", { type: "objekt" }),
      "order.elsewhere": webhook("Not fetched", { $ref: "https://example.com/schema.json" }),
      "order.dangling": webhook("Missing", { $ref: "#/components/schemas/Nothing" }),
      "order.text": "not an object" as unknown as object,
      ...Object.fromEntries(good.slice(15)),
    });
    const skipped = ["orders/create", "Push Hook", "order.huge", "order.wrong", "order.elsewhere", "order.dangling"];
    const wanted = good.map(([name]) => name);
    await send("POST", "/event-type", { name: "order.huge", description: "Kept" }, { token });
    await send("POST", "/event-type", { name: "other", description: "" }, { token });

    const dry = (await send("POST", PATH, { spec, dryRun: true }, { token })).json.data;
    expect(dry.to_modify.map(({ name }: { name: string }) => name)).toEqual(wanted);
    const { status, json } = await send("POST", PATH, { spec, replaceAll: true }, { token });
    expect([status, json.data.modified]).toEqual([200, wanted]);
    const reasons = Object.fromEntries(
      json.data.skipped.map(({ name, reason }: { name: string; reason: string }) => [name, reason]),
    );
    expect(Object.keys(reasons).sort()).toEqual([...skipped, "order.text"].sort());
    expect(reasons).toMatchObject({
      "orders/create": expect.stringMatching(/characters/),
      "order.huge": expect.stringMatching(/131072/i),
      "order.elsewhere": expect.stringMatching(/not fetched/),
      "order.dangling": expect.stringMatching(/does not resolve/),
    });
    expect(dry.skipped).toEqual(json.data.skipped);
    // A skipped event type is in the document, so it is not archived.
    expect(await names(token)).toEqual([...wanted, "order.huge"].sort());
  });

  test("an OpenAPI import with more than 100 unusable webhooks returns 422", async () => {
    const bad = Array.from({ length: 101 }, (_, i) => [`bad.${i}`, webhook("", { $ref: "elsewhere.json" })]);
    const spec = specOf({ good: webhook(""), ...Object.fromEntries(bad) });
    expect((await send("POST", PATH, { spec })).status).toBe(422);
  });

  test("an OpenAPI import whose only webhook has an invalid schema changes nothing", async () => {
    const token = await environmentToken();
    const spec = specOf({ bad: webhook("", { type: "objekt" }) });
    const { status, json } = await send("POST", PATH, { spec, replaceAll: true }, { token });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "spec", "webhooks", "bad", "1", "type"]]);
    expect(await names(token)).toEqual([]);
  });

  test("an OpenAPI import returns 403 to an application token", async () => {
    await send("POST", "/app", { name: "P", uid: "portal" });
    const token = await server.createToken("--app", "portal");
    expect((await send("POST", PATH, { spec: specOf({}) }, { token })).status).toBe(403);
  });

  test("an OpenAPI import changes only the caller's environment", async () => {
    const [here, there] = [await environmentToken(), await environmentToken()];
    await send("POST", "/event-type", { name: "kept", description: "" }, { token: there });
    await send("POST", PATH, { spec: specOf({ "pet.new": webhook("") }), replaceAll: true }, { token: here });
    expect([await names(here), await names(there)]).toEqual([["pet.new"], ["kept"]]);
  });

  const clients = [
    ["2.x", () => new Svix(ROOT_TOKEN, { serverUrl: server.url })],
    ["1.x", () => new Svix1(ROOT_TOKEN, { serverUrl: server.url }) as unknown as Svix],
  ] as const;
  for (const [version, makeClient] of clients) {
    test(`the Svix client ${version} can import event types`, async () => {
      const name = freshUid("svix");
      const spec = specOf({ [name]: webhook("From a client") });
      const dry = await makeClient().eventType.importOpenapi({ spec, dryRun: true });
      expect(dry.data.toModify?.map((type) => type.name)).toEqual([name]);
      const { data } = await makeClient().eventType.importOpenapi({ specRaw: JSON.stringify(spec) });
      expect(data.modified).toEqual([name]);
      expect((await makeClient().eventType.get(name)).description).toBe("From a client");
    });
  }
});
