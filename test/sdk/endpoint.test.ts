import { expect, test } from "bun:test";
import type { EndpointIn } from "svix";
import { freshUid } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { startReceiver } from "../support/receiver.ts";
import { pagesOf, sdkSuite } from "./clients.ts";

const UNUSED_URL = "https://example.com/hook";

sdkSuite("endpoint", (sdk) => {
  const put = (app: string, id: string, fields: EndpointIn) =>
    sdk.version === "1.x"
      ? sdk.client1().endpoint.update(app, id, fields)
      : sdk.client().endpoint.upsert(app, id, fields);

  /**
   * Returns the subscription in the form of this version. Version 1.x calls the field
   * `filterTypes`.
   */
  const subscribedTo = (eventTypes: string[] | null): { eventTypes?: string[] | null } =>
    sdk.version === "1.x" ? ({ filterTypes: eventTypes } as object) : { eventTypes };

  async function newApplication(): Promise<string> {
    return (await sdk.client().application.create({ name: "App" })).id;
  }

  async function eventType(name: string): Promise<string> {
    const unique = freshUid(name);
    await sdk.client().eventType.create({ name: unique, description: "d" });
    return unique;
  }

  test("the SDK creates endpoints and finds them by id and by uid", async () => {
    const { endpoint } = sdk.client();
    const app = await newApplication();
    const fields = {
      url: UNUSED_URL,
      uid: "ep",
      description: "Of mine",
      channels: ["eu"],
      ...(subscribedTo([await eventType("a")]) as { eventTypes: string[] }),
      throttleRate: 5,
      disabled: true,
      metadata: { a: "1" },
    };
    const made = await endpoint.create(app, { ...fields, headers: { "X-From-Creation": "1" } });
    expect(made).toMatchObject(fields);
    expect(made.createdAt).toBeInstanceOf(Date);
    expect(await endpoint.get(app, made.id)).toEqual(made);
    expect(await endpoint.get(app, "ep")).toEqual(made);
    expect((await endpoint.getHeaders(app, "ep")).headers).toEqual({ "X-From-Creation": "1" });
    await sdk.refused(409, endpoint.create(app, { url: UNUSED_URL, uid: "ep" }));
    await sdk.refused(404, endpoint.get(await newApplication(), made.id));
  });

  test("an invalid endpoint is refused with the location of the error", async () => {
    const { endpoint } = sdk.client();
    const app = await newApplication();
    const wrong: [Partial<EndpointIn>, string][] = [
      [{ url: "ftp://example.com" }, "url"],
      [subscribedTo([freshUid("unknown")]) as { eventTypes: string[] }, "eventTypes"],
      [{ channels: ["no spaces"] }, "channels"],
      [{ secret: "whsec_short" }, "secret"],
      [{ throttleRate: 0 }, "throttleRate"],
    ];
    for (const [fields, place] of wrong) {
      const { detail } = await sdk.refused(422, endpoint.create(app, { url: UNUSED_URL, ...fields }));
      expect(detail).toMatchObject([{ loc: expect.arrayContaining(["body", place]) }]);
    }
  });

  test("a PUT creates an endpoint or resets its omitted fields to their defaults", async () => {
    const { endpoint } = sdk.client();
    const app = await newApplication();
    const made = await put(app, "ep", { url: UNUSED_URL, uid: "ep", channels: ["eu"], metadata: { a: "1" } });
    expect(made).toMatchObject({ uid: "ep", channels: ["eu"], metadata: { a: "1" } });
    const { key } = await endpoint.getSecret(app, "ep");
    const again = await put(app, "ep", { url: "https://example.com/other", uid: "ep" });
    expect(again).toMatchObject({ id: made.id, url: "https://example.com/other", channels: null, metadata: {} });
    expect((await endpoint.getSecret(app, "ep")).key).toBe(key);
  });

  test("a PATCH keeps omitted fields of an endpoint and clears fields that are null", async () => {
    const { endpoint } = sdk.client();
    const app = await newApplication();
    const types = subscribedTo([await eventType("a")]) as { eventTypes: string[] };
    const all = { uid: "ep", channels: ["eu"], ...types, throttleRate: 5, metadata: { a: "1" } };
    const { id } = await endpoint.create(app, { url: UNUSED_URL, ...all });
    const described = await endpoint.patch(app, "ep", { description: "New", disabled: true });
    expect(described).toMatchObject({ ...all, description: "New", disabled: true });
    const bare = await endpoint.patch(app, id, {
      uid: null,
      channels: null,
      ...subscribedTo(null),
      throttleRate: null,
    });
    expect(bare).toMatchObject({ channels: null, ...subscribedTo(null), metadata: { a: "1" }, description: "New" });
    expect([bare.uid ?? null, bare.throttleRate ?? null]).toEqual([null, null]);
    await sdk.refused(404, endpoint.get(app, "ep"));
  });

  test("deleting an endpoint frees its uid", async () => {
    const { endpoint } = sdk.client();
    const app = await newApplication();
    const { id } = await endpoint.create(app, { url: UNUSED_URL, uid: "ep" });
    await endpoint.delete(app, "ep");
    await sdk.refused(404, endpoint.get(app, id));
    await sdk.refused(404, endpoint.delete(app, id));
    expect((await endpoint.create(app, { url: UNUSED_URL, uid: "ep" })).id).not.toBe(id);
  });

  test("endpoints are listed in pages, newest first", async () => {
    const { endpoint } = sdk.client();
    const app = await newApplication();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await endpoint.create(app, { url: UNUSED_URL })).id);
    const pages = await pagesOf((iterator) => endpoint.list(app, { limit: 2, iterator }));
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(pages.flat().map(({ id }) => id)).toEqual(ids.toReversed());
  });

  test("repeated calls with one idempotency key create one endpoint", async () => {
    const { endpoint } = sdk.client();
    const app = await newApplication();
    const idempotencyKey = freshUid("key");
    const made = await endpoint.create(app, { url: UNUSED_URL }, { idempotencyKey });
    expect((await endpoint.create(app, { url: "https://example.com/other" }, { idempotencyKey })).id).toBe(made.id);
    expect((await endpoint.list(app)).data).toHaveLength(1);
  });

  test("sendExample delivers an example, and the statistics count it", async () => {
    await using receiver = startReceiver();
    const { endpoint, eventType } = sdk.client();
    const app = await newApplication();
    const { id } = await endpoint.create(app, { url: receiver.url });
    const name = freshUid("with.example");
    const schemas = { "1": { type: "object", examples: [{ hello: "you" }] } };
    await eventType.create({ name, description: "d", schemas });
    const sent = await endpoint.sendExample(app, id, { eventType: name });
    const [request] = await receiver.arrived(1);
    expect([request!.id, JSON.parse(request!.body.toString())]).toEqual([sent.id, { hello: "you" }]);
    const stats = await until(
      () => endpoint.getStats(app, id, { since: new Date(Date.now() - 60_000) }),
      ({ success }) => success > 0,
    );
    expect(stats).toMatchObject({ success: 1, pending: 0, sending: 0, fail: 0 });
    await sdk.refused(404, endpoint.sendExample(app, id, { eventType: freshUid("unknown") }));
    await sdk.refused(400, endpoint.getStats(app, id, { until: new Date(Date.now() + 3_600_000) }));
  });
});
