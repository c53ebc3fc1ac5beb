import { expect, test } from "bun:test";
import { BackgroundTaskStatus, type Svix } from "svix";
import { freshUid } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { startReceiver } from "../support/receiver.ts";
import { sdkSuite } from "./clients.ts";

sdkSuite("statistics", (sdk) => {
  const finished = (svix: Svix, id: string) =>
    until(
      () => svix.backgroundTask.get(id),
      ({ status }) => status === BackgroundTaskStatus.Finished,
    );

  test("aggregateAppStats counts attempts and returns unknown applications as unresolved", async () => {
    await using receiver = startReceiver();
    const svix = sdk.client(await sdk.freshEnvironment());
    const uid = freshUid("app");
    const { id: app } = await svix.application.create({ name: "App", uid });
    await svix.endpoint.create(app, { url: receiver.url });
    for (let n = 0; n < 2; n++) await svix.message.create(app, { eventType: "a", payload: { n } });
    await until(
      async () => (await svix.endpoint.list(app)).data[0]!.id,
      () => receiver.received.length === 2,
    );
    const report = async () => {
      const [since, until] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 3_600_000)];
      const started = await svix.statistics.aggregateAppStats({ since, until, appIds: [uid, "unknown"] });
      expect(started.unresolvedAppIds).toEqual(["unknown"]);
      expect(started.task as string).toBe("application.stats");
      return (await finished(svix, started.id)).data;
    };
    // An attempt counts as soon as its outcome is stored.
    const counted = await until(report, ({ appStats }) => appStats?.[0]?.messageDestinations === 2);
    expect(counted.appStats).toMatchObject([{ appId: app, appUid: uid, messageDestinations: 2 }]);
  });

  test("aggregateEventTypes starts a task that finishes", async () => {
    const svix = sdk.client(await sdk.freshEnvironment());
    await svix.eventType.create({ name: "a", description: "d" });
    const { id, task } = await svix.statistics.aggregateEventTypes();
    expect(task as string).toBe("event-type.aggregate");
    expect((await finished(svix, id)).status).toBe(BackgroundTaskStatus.Finished);
  });
});
