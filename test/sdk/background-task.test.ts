import { expect, test } from "bun:test";
import { BackgroundTaskStatus, BackgroundTaskType, Ordering } from "svix";
import { until } from "../support/delivery.ts";
import { pagesOf, sdkSuite } from "./clients.ts";

sdkSuite("background-task", (sdk) => {
  test("background tasks are listed in pages, newest first, and can be filtered", async () => {
    const { application, backgroundTask, message, statistics } = sdk.client(await sdk.freshEnvironment());
    const { id: app } = await application.create({ name: "App" });
    const made = [
      (await message.expungeAllContents(app)).id,
      (await statistics.aggregateEventTypes()).id,
      (await message.expungeAllContents(app)).id,
    ];
    for (const id of made) {
      const task = await until(
        () => backgroundTask.get(id),
        ({ status }) => status !== BackgroundTaskStatus.Running,
      );
      expect([task.id, task.status]).toEqual([id, BackgroundTaskStatus.Finished]);
      expect(task.updatedAt).toBeInstanceOf(Date);
    }
    const pages = await pagesOf((iterator) => backgroundTask.list({ limit: 2, iterator }));
    expect(pages.map((page) => page.map(({ id }) => id))).toEqual([[made[2]!, made[1]!], [made[0]!]]);
    const having = async (options: Parameters<typeof backgroundTask.list>[0]) =>
      (await backgroundTask.list(options)).data.map(({ id }) => made.indexOf(id));
    expect(await having({ order: Ordering.Ascending })).toEqual([0, 1, 2]);
    expect(await having({ task: BackgroundTaskType.ApplicationPurgeContent })).toEqual([2, 0]);
    expect(await having({ status: BackgroundTaskStatus.Running })).toEqual([]);
  });

  test("reading a background task of another environment returns 404", async () => {
    const { backgroundTask, statistics } = sdk.client(await sdk.freshEnvironment());
    const { id } = await statistics.aggregateEventTypes();
    expect((await backgroundTask.get(id)).id).toBe(id);
    await sdk.refused(404, sdk.client(await sdk.freshEnvironment()).backgroundTask.get(id));
  });

  if (sdk.version === "1.x") {
    test("listByEndpoint, the old name of list, returns background tasks", async () => {
      const { backgroundTask, statistics } = sdk.client1(await sdk.freshEnvironment());
      const { id } = await statistics.aggregateEventTypes();
      expect((await backgroundTask.listByEndpoint()).data.map((task) => task.id)).toEqual([id]);
    });
  }
});
