import { expect, test } from "bun:test";
import type { Ordering } from "svix";
import { freshUid } from "../support/client.ts";
import { pagesOf, sdkSuite } from "./clients.ts";

sdkSuite("application", (sdk) => {
  const put = (id: string, fields: { name: string; uid?: string }) =>
    sdk.version === "1.x" ? sdk.client1().application.update(id, fields) : sdk.client().application.upsert(id, fields);

  test("the SDK creates applications and finds them by id and by uid", async () => {
    const { application } = sdk.client();
    const uid = freshUid("app");
    const made = await application.create({ name: "App", uid, throttleRate: 10, metadata: { plan: "free" } });
    expect(made).toMatchObject({ name: "App", uid, throttleRate: 10, metadata: { plan: "free" } });
    expect(made.createdAt).toBeInstanceOf(Date);
    expect(made.updatedAt).toBeInstanceOf(Date);
    expect(await application.get(made.id)).toEqual(made);
    expect(await application.get(uid)).toEqual(made);
  });

  test("getOrCreate creates an application once and returns it from then on", async () => {
    const { application } = sdk.client();
    const uid = freshUid("app");
    const made = await application.getOrCreate({ name: "First", uid });
    expect(await application.getOrCreate({ name: "Second", uid })).toEqual(made);
    expect((await sdk.refused(409, application.create({ name: "Third", uid }))).code).toBe("conflict");
  });

  test("a PUT creates an application or replaces it", async () => {
    const uid = freshUid("app");
    const made = await put(uid, { name: "New", uid });
    expect(made).toMatchObject({ name: "New", uid });
    expect(await put(uid, { name: "Newer", uid })).toMatchObject({ id: made.id, name: "Newer" });
  });

  test("a PATCH keeps omitted fields of an application and clears fields that are null", async () => {
    const { application } = sdk.client();
    const uid = freshUid("app");
    const { id } = await application.create({ name: "App", uid, throttleRate: 10, metadata: { a: "1" } });
    const renamed = await application.patch(id, { name: "Renamed" });
    expect(renamed).toMatchObject({ name: "Renamed", uid, throttleRate: 10, metadata: { a: "1" } });
    const bare = await application.patch(id, { uid: null, throttleRate: null });
    expect(bare).toMatchObject({ name: "Renamed", metadata: { a: "1" } });
    expect(bare.uid ?? null).toBeNull();
    expect(bare.throttleRate ?? null).toBeNull();
    await sdk.refused(404, application.get(uid));
  });

  test("deleting an application frees its uid", async () => {
    const { application } = sdk.client();
    const uid = freshUid("app");
    const { id } = await application.create({ name: "App", uid });
    await application.delete(uid);
    await sdk.refused(404, application.get(id));
    await sdk.refused(404, application.delete(id));
    expect((await application.create({ name: "App", uid })).id).not.toBe(id);
  });

  test("applications are listed in pages, in either order and in both directions", async () => {
    const { application } = sdk.client(await sdk.freshEnvironment());
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await application.create({ name: `App ${i}` })).id);
    const inPages = (order: `${Ordering}`) =>
      pagesOf((iterator) => application.list({ limit: 2, iterator, order: order as Ordering }));
    const forth = (await inPages("ascending")).map((page) => page.map(({ id }) => id));
    expect(forth).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    expect((await inPages("descending")).flat().map(({ id }) => id)).toEqual(ids.toReversed());
    const second = await application.list({ limit: 2, iterator: ids[1]! });
    const first = await application.list({ limit: 2, iterator: second.prevIterator! });
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  });

  test("repeated calls with one idempotency key create one application, and a refused call does not use up the key", async () => {
    const { application } = sdk.client();
    const idempotencyKey = freshUid("key");
    const one = await application.create({ name: "One" }, { idempotencyKey });
    expect(await application.create({ name: "Two" }, { idempotencyKey })).toEqual(one);
    const key = freshUid("key");
    await sdk.refused(422, application.create({ name: "" }, { idempotencyKey: key }));
    expect((await application.create({ name: "Good" }, { idempotencyKey: key })).name).toBe("Good");
    await sdk.refused(422, application.create({ name: "App" }, { idempotencyKey: "k".repeat(257) }));
  });

  test("concurrent calls with one idempotency key create one application", async () => {
    const { application } = sdk.client();
    const idempotencyKey = freshUid("key");
    const made = await Promise.all(
      Array.from({ length: 8 }, () => application.create({ name: "App" }, { idempotencyKey })),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  });

  test("the SDK throws errors as exceptions with the status and the body of the response", async () => {
    const { application } = sdk.client();
    const { detail } = await sdk.refused(422, application.create({ name: "" }));
    expect(detail).toMatchObject([{ loc: ["body", "name"], type: "value_error" }]);
    expect((await sdk.refused(404, application.get("nobody"))).code).toBe("not_found");
    expect((await sdk.refused(401, sdk.client("wrong").application.list())).code).toBe("authentication_failed");
    await sdk.refused(422, application.list({ limit: 251 }));
  });
});
