import { expect, test } from "bun:test";
import { sdkSuite } from "./clients.ts";

sdkSuite("message-poller", (sdk) => {
  const ids = (data: { id: string }[]) => data.map(({ id }) => id);

  async function setup(count: number) {
    const { application, message } = sdk.client();
    const { id: app } = await application.create({ name: "App" });
    const send = async (eventType = "a") => (await message.create(app, { eventType, payload: {} })).id;
    const sent: string[] = [];
    for (let n = 0; n < count; n++) sent.push(await send());
    return { app, sent, send };
  }

  test("the poller returns messages in order of acceptance, page by page, and then new messages", async () => {
    const { poller } = sdk.client().message;
    const { app, sent, send } = await setup(5);
    const first = await poller.poll(app, "mirror", { limit: 3 });
    expect({ ids: ids(first.data), done: first.done }).toEqual({ ids: sent.slice(0, 3), done: false });
    expect(first.data[0]!.timestamp).toBeInstanceOf(Date);
    const second = await poller.poll(app, "mirror", { limit: 3, iterator: first.iterator });
    expect({ ids: ids(second.data), done: second.done }).toEqual({ ids: sent.slice(3), done: true });
    const more = await send("b");
    expect(ids((await poller.poll(app, "mirror", { iterator: second.iterator })).data)).toEqual([more]);
    expect(ids((await poller.poll(app, "mirror", { eventType: "b" })).data)).toEqual([more]);
    await sdk.refused(404, poller.poll("nobody", "mirror"));
  });

  test("a consumer gets unconfirmed messages again and can seek back", async () => {
    const { poller } = sdk.client().message;
    const { app, sent } = await setup(3);
    const first = await poller.consumerPoll(app, "mirror", "one", { limit: 2 });
    expect(ids(first.data)).toEqual(sent.slice(0, 2));
    const next = await poller.consumerPoll(app, "mirror", "one", { iterator: first.iterator });
    expect(ids(next.data)).toEqual(sent.slice(2));
    const { iterator } = await poller.consumerSeek(app, "mirror", "one", { after: new Date(Date.now() - 3_600_000) });
    expect(iterator).toBeString();
    expect(ids((await poller.consumerPoll(app, "mirror", "one", { iterator })).data)).toEqual(sent);
    await sdk.refused(404, poller.consumerSeek("nobody", "mirror", "one", { after: new Date() }));
  });
});
