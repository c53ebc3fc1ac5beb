import { expect, test } from "bun:test";
import type { EventTypeUpsertIn } from "svix";
import { freshUid } from "../support/client.ts";
import { pagesOf, sdkSuite } from "./clients.ts";

const SCHEMA = { type: "object", required: ["id"], properties: { id: { type: "string" } } };

function specOf(names: string[]) {
  const schema = { "application/json": { schema: SCHEMA } };
  const webhooks = names.map((name) => [
    name,
    { post: { description: `About ${name}`, requestBody: { content: schema } } },
  ]);
  return { openapi: "3.1.0", info: { title: "T", version: "1" }, webhooks: Object.fromEntries(webhooks) };
}

sdkSuite("event-type", (sdk) => {
  const put = (name: string, fields: EventTypeUpsertIn) =>
    sdk.version === "1.x" ? sdk.client1().eventType.update(name, fields) : sdk.client().eventType.upsert(name, fields);

  test("the SDK creates event types and finds them by name", async () => {
    const { eventType } = sdk.client();
    const name = freshUid("type");
    const fields = { name, description: "d", schemas: { "1": SCHEMA }, featureFlags: ["beta"], groupName: "users" };
    const made = await eventType.create({ ...fields, deprecated: true });
    expect(made).toMatchObject({ ...fields, deprecated: true, archived: false });
    expect(made.createdAt).toBeInstanceOf(Date);
    expect(await eventType.get(name)).toEqual(made);
    expect((await sdk.refused(409, eventType.create({ name, description: "d" }))).code).toBe("event_type_exists");
    const { detail } = await sdk.refused(
      422,
      eventType.create({ name: freshUid(), description: "", schemas: { "1": { type: "x" } } }),
    );
    expect(detail).toMatchObject([{ loc: ["body", "schemas", "1", "type"] }]);
  });

  test("a PUT creates an event type or replaces it", async () => {
    const name = freshUid("type");
    expect(await put(name, { description: "New", groupName: "g" })).toMatchObject({ name, description: "New" });
    const again = await put(name, { description: "Newer" });
    expect(again).toMatchObject({ name, description: "Newer" });
    expect(again.groupName ?? null).toBeNull();
  });

  test("a PATCH keeps omitted fields of an event type and clears fields that are null", async () => {
    const { eventType } = sdk.client();
    const name = freshUid("type");
    const fields = { schemas: { "1": SCHEMA }, featureFlags: ["beta"], groupName: "users" };
    await eventType.create({ name, description: "d", ...fields });
    expect(await eventType.patch(name, { description: "New" })).toMatchObject({ description: "New", ...fields });
    const bare = await eventType.patch(name, { schemas: null, featureFlags: null, groupName: null });
    expect(bare.description).toBe("New");
    expect([bare.schemas ?? null, bare.featureFlags ?? null, bare.groupName ?? null]).toEqual([null, null, null]);
  });

  test("an event type can be archived, restored and removed", async () => {
    const { eventType } = sdk.client(await sdk.freshEnvironment());
    await eventType.create({ name: "a", description: "d" });
    await eventType.delete("a");
    expect((await eventType.get("a")).archived).toBe(true);
    expect((await eventType.list()).data).toEqual([]);
    expect((await eventType.list({ includeArchived: true })).data).toHaveLength(1);
    expect((await eventType.create({ name: "a", description: "Back" })).archived).toBe(false);
    await eventType.delete("a", { expunge: true });
    await sdk.refused(404, eventType.get("a"));
  });

  test("event types are listed by name in pages, with schemas on request", async () => {
    const { eventType } = sdk.client(await sdk.freshEnvironment());
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names.toReversed()) await eventType.create({ name, description: "d", schemas: { "1": SCHEMA } });
    const pages = await pagesOf((iterator) => eventType.list({ limit: 2, iterator, withContent: true }));
    expect(pages.map((page) => page.map(({ name }) => name))).toEqual([["a", "b"], ["c", "d"], ["e"]]);
    expect(pages[0]![0]!.schemas).toEqual({ "1": SCHEMA });
    expect((await eventType.list({ withContent: false })).data[0]!.schemas ?? null).toBeNull();
  });

  test("importOpenapi returns the changes, and applies them unless it is a dry run", async () => {
    const { eventType } = sdk.client(await sdk.freshEnvironment());
    const spec = specOf(["pet.new", "pet.gone"]);
    const { data: dry } = await eventType.importOpenapi({ spec, dryRun: true });
    expect(dry.modified).toEqual([]);
    expect(dry.toModify!.map(({ name }) => name).toSorted()).toEqual(["pet.gone", "pet.new"]);
    expect((await eventType.list()).data).toEqual([]);
    const { data } = await eventType.importOpenapi({ specRaw: JSON.stringify(spec) });
    expect(data.modified.toSorted()).toEqual(["pet.gone", "pet.new"]);
    expect((await eventType.get("pet.new")).schemas).toEqual({ "1": expect.objectContaining(SCHEMA) });
    await eventType.importOpenapi({ spec: specOf(["pet.new"]), replaceAll: true });
    expect((await eventType.list()).data.map(({ name }) => name)).toEqual(["pet.new"]);
    await sdk.refused(400, eventType.importOpenapi({}));
  });
});
