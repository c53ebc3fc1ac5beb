import { expect, test } from "bun:test";
import { messageInRaw, type Svix } from "svix";
import { messageInRaw as messageInRaw1 } from "svix1";
import { freshUid } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { startReceiver } from "../support/receiver.ts";
import { pagesOf, sdkSuite } from "./clients.ts";

sdkSuite("message", (sdk) => {
  async function newApplication(svix: Svix = sdk.client()): Promise<string> {
    return (await svix.application.create({ name: "App" })).id;
  }

  test("the SDK sends messages and finds them by id and by eventId", async () => {
    const { message } = sdk.client();
    const app = await newApplication();
    const fields = { eventType: "a", eventId: "e1", channels: ["eu"], tags: ["vip"] };
    const sent = await message.create(app, { ...fields, payload: { a: 1 } }, { withContent: true });
    expect(sent).toMatchObject({ ...fields, payload: { a: 1 } });
    expect(sent.timestamp).toBeInstanceOf(Date);
    expect(await message.get(app, sent.id, { withContent: true })).toEqual(sent);
    expect(await message.get(app, "e1", { withContent: true })).toEqual(sent);
    expect((await message.get(app, "e1", { withContent: false })).payload).toEqual({});
    await sdk.refused(409, message.create(app, { eventType: "a", eventId: "e1", payload: {} }));
    await sdk.refused(404, message.create(freshUid("nobody"), { eventType: "a", payload: {} }));
    await sdk.refused(422, message.create(app, { eventType: "no spaces", payload: {} }));
    await sdk.refused(404, message.get(await newApplication(), sent.id));
    const tooLarge = message.create(app, { eventType: "a", payload: { text: "x".repeat(3 << 20) } });
    expect((await sdk.refused(413, tooLarge)).code).toBe("payload_too_large");
  });

  test("creating a message returns the payload unless the SDK asks for none", async () => {
    const made = await sdk.client().message.create(await newApplication(), { eventType: "a", payload: { a: 1 } });
    // The 2.x client always asks the server to omit the payload.
    expect(made.payload).toEqual(sdk.version === "1.x" ? { a: 1 } : {});
  });

  test("sending a message creates its application on demand", async () => {
    const { application, message } = sdk.client();
    const uid = freshUid("app");
    await message.create(uid, { eventType: "a", payload: {}, application: { name: "On demand", uid } });
    expect((await application.get(uid)).name).toBe("On demand");
  });

  test("repeated calls with one idempotency key send one message", async () => {
    await using receiver = startReceiver();
    const { endpoint, message } = sdk.client();
    const app = await newApplication();
    await endpoint.create(app, { url: receiver.url });
    const idempotencyKey = freshUid("key");
    const send = (n: number) => message.create(app, { eventType: "a", payload: { n } }, { idempotencyKey });
    const sent = [await send(1), await send(2), ...(await Promise.all([send(3), send(4)]))];
    expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
    const [request] = await receiver.arrived(1);
    expect(JSON.parse(request!.body.toString())).toEqual({ n: 1 });
    expect((await message.list(app)).data).toHaveLength(1);
  });

  test("a raw payload is sent unchanged with its content type", async () => {
    await using receiver = startReceiver();
    const { endpoint, message } = sdk.client();
    const app = await newApplication();
    await endpoint.create(app, { url: receiver.url });
    const raw = sdk.version === "1.x" ? messageInRaw1 : messageInRaw;
    const texts: [string, string | undefined, string][] = [
      ["<a>ä</a>", "text/xml", "text/xml"],
      ['{ "n": 1.0 }', undefined, "application/json"],
    ];
    for (const [i, [text, type, expected]] of texts.entries()) {
      await message.create(app, raw("a", text, type));
      const { body, headers } = (await receiver.arrived(i + 1)).at(-1)!;
      expect([body.toString(), headers.get("content-type")]).toEqual([text, expected]);
    }
  });

  test("messages are listed in pages, newest first, and can be filtered", async () => {
    const { message } = sdk.client();
    const app = await newApplication();
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      const fields = n % 2 === 0 ? { eventType: "even", channels: ["eu"] } : { eventType: "odd", tags: ["vip"] };
      ids.push((await message.create(app, { ...fields, payload: { n } })).id);
    }
    const pages = await pagesOf((iterator) => message.list(app, { limit: 2, iterator, withContent: true }));
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(pages.flat().map(({ id }) => id)).toEqual(ids.toReversed());
    expect(pages[0]![0]!.payload).toEqual({ n: 4 });
    const having = async (options: Parameters<typeof message.list>[1]) =>
      (await message.list(app, options)).data.map(({ id }) => ids.indexOf(id));
    expect(await having({ eventTypes: ["even"] })).toEqual([4, 2, 0]);
    expect(await having({ eventTypes: ["even", "odd"] })).toEqual([4, 3, 2, 1, 0]);
    expect(await having({ channel: "eu" })).toEqual([4, 2, 0]);
    expect(await having({ tag: "vip" })).toEqual([3, 1]);
    expect(await having({ before: new Date(Date.now() - 60_000) })).toEqual([]);
    expect(await having({ after: new Date(Date.now() - 60_000) })).toEqual([4, 3, 2, 1, 0]);
  });

  test("a precheck reports whether an endpoint matches the message", async () => {
    const { endpoint, message } = sdk.client();
    const app = await newApplication();
    expect(await message.precheck(app, { eventType: "a" })).toEqual({ active: false });
    await endpoint.create(app, { url: "https://example.com", channels: ["eu"] });
    expect(await message.precheck(app, { eventType: "a", channels: ["eu"] })).toEqual({ active: true });
    expect(await message.precheck(app, { eventType: "a", channels: ["us"] })).toEqual({ active: false });
    await sdk.refused(404, message.precheck(freshUid("nobody"), { eventType: "a" }));
  });

  test("payloads can be expunged for one message, for several and for all", async () => {
    const { backgroundTask, message } = sdk.client();
    const app = await newApplication();
    const send = async () => (await message.create(app, { eventType: "a", payload: { a: 1 } })).id;
    const payloadOf = async (id: string) => (await message.get(app, id, { withContent: true })).payload;
    const [one, two, three] = [await send(), await send(), await send()];
    await message.expungeContent(app, one);
    expect(await payloadOf(one)).toEqual({ expired: true });
    if (sdk.version === "2.x") {
      const { results } = await message.bulkExpungeContent(app, { ids: [two, "unknown"] });
      expect(results as Record<string, string>).toEqual({ [two]: "expunged", unknown: "not-found" });
      expect(await payloadOf(two)).toEqual({ expired: true });
    }
    expect(await payloadOf(three)).toEqual({ a: 1 });
    const task = await message.expungeAllContents(app);
    expect(task.task as string).toBe("application.purge_content");
    const { status } = await until(
      () => backgroundTask.get(task.id),
      (now) => (now.status as string) !== "running",
    );
    expect(status as string).toBe("finished");
    expect(await payloadOf(three)).toEqual({ expired: true });
    await sdk.refused(404, message.expungeContent(app, "unknown"));
  });
});
