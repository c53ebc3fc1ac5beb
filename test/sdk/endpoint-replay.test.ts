import { expect, test } from "bun:test";
import { BackgroundTaskStatus, MessageStatus } from "svix";
import { freshUid } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { ok, type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { sdkSuite } from "./clients.ts";

sdkSuite("endpoint-replay", (sdk) => {
  const sinceAnHour = () => ({ since: new Date(Date.now() - 3_600_000) });

  const ended = (id: string) =>
    until(
      () => sdk.client().backgroundTask.get(id),
      ({ status }) => status !== BackgroundTaskStatus.Running,
    );

  /**
   * Creates an endpoint and sends it three messages. The first two fail, and the third is
   * delivered.
   */
  async function setup(receiver: Receiver) {
    const { application, endpoint, message, messageAttempt } = sdk.client();
    const { id: app } = await application.create({ name: "App" });
    const { id } = await endpoint.create(app, { url: receiver.url });
    const send = async (eventType: string) => (await message.create(app, { eventType, payload: {} })).id;
    const sent: string[] = [];
    for (const [eventType, answering] of [
      ["a", withStatus(500)],
      ["b", withStatus(500)],
      ["b", ok],
    ] as const) {
      receiver.answering = answering;
      const made = await send(eventType);
      sent.push(made);
      await until(
        () => messageAttempt.listByMsg(app, made),
        ({ data }) => data.some(({ status }) => [MessageStatus.Success, MessageStatus.Fail].includes(status)),
      );
    }
    receiver.answering = ok;
    return { app, id, sent: sent as [string, string, string] };
  }

  const receivedSince = async (receiver: Receiver, before: number, count: number) =>
    (await receiver.arrived(before + count)).slice(before).map(({ id }) => id);

  test("recover sends failed messages again", async () => {
    await using receiver = startReceiver();
    const { app, id, sent } = await setup(receiver);
    const before = receiver.received.length;
    const task = await sdk.client().endpoint.recover(app, id, sinceAnHour());
    expect([task.id.slice(0, 6), task.task as string]).toEqual(["qtask_", "endpoint.recover"]);
    expect((await ended(task.id)).status).toBe(BackgroundTaskStatus.Finished);
    expect((await receivedSince(receiver, before, 2)).toSorted()).toEqual(sent.slice(0, 2).toSorted());
    await sdk.refused(422, sdk.client().endpoint.recover(app, id, { since: new Date(0) }));
  });

  test("replayMissing sends messages from before the endpoint was created", async () => {
    await using receiver = startReceiver();
    const { app, sent } = await setup(receiver);
    await using late = startReceiver();
    const { id } = await sdk.client().endpoint.create(app, { url: late.url });
    const task = await sdk.client().endpoint.replayMissing(app, id, sinceAnHour());
    expect(task.task as string).toBe("endpoint.replay");
    expect(task.updatedAt).toBeInstanceOf(Date);
    expect((await ended(task.id)).status).toBe(BackgroundTaskStatus.Finished);
    expect((await receivedSince(late, 0, 3)).toSorted()).toEqual(sent.toSorted());
  });

  test("repeated calls of bulkReplay with one idempotency key send matching messages once", async () => {
    await using receiver = startReceiver();
    const { app, id, sent } = await setup(receiver);
    const before = receiver.received.length;
    const [idempotencyKey, wanted] = [
      freshUid("key"),
      { ...sinceAnHour(), eventTypes: ["b"], status: MessageStatus.Success },
    ];
    const task = await sdk.client().endpoint.bulkReplay(app, id, wanted, { idempotencyKey });
    expect(task.task as string).toBe("endpoint.bulk-replay");
    expect((await sdk.client().endpoint.bulkReplay(app, id, wanted, { idempotencyKey })).id).toBe(task.id);
    expect((await ended(task.id)).status).toBe(BackgroundTaskStatus.Finished);
    expect(await receivedSince(receiver, before, 1)).toEqual([sent[2]]);
  });
});
