import { expect, test } from "bun:test";
import { sdkSuite } from "./clients.ts";

sdkSuite("environment", (sdk) => {
  test("event types can be exported from one environment and imported into another", async () => {
    const [from, to] = [sdk.client(await sdk.freshEnvironment()), sdk.client(await sdk.freshEnvironment())];
    const schemas = { "1": { type: "object" } };
    await from.eventType.create({ name: "moved", description: "d", schemas, featureFlags: ["beta"], groupName: "g" });
    await from.eventType.create({ name: "old", description: "d", archived: true });
    const { createdAt, eventTypes } = await from.environment.export();
    expect(createdAt).toBeInstanceOf(Date);
    expect(eventTypes!.map(({ name }) => name)).toEqual(["moved", "old"]);
    await to.environment.import({ eventTypes: eventTypes! });
    const found = await to.eventType.get("moved");
    expect(found).toMatchObject({ description: "d", schemas, featureFlags: ["beta"], groupName: "g" });
    expect((await to.eventType.get("old")).archived).toBe(true);
  });

  test("an import with an invalid schema changes nothing", async () => {
    const { environment, eventType } = sdk.client(await sdk.freshEnvironment());
    const eventTypes = [
      { name: "good", description: "d" },
      { name: "bad", description: "d", schemas: { "1": { type: "objekt" } } },
    ];
    const { detail } = await sdk.refused(422, environment.import({ eventTypes }));
    expect(detail).toMatchObject([{ loc: ["body", "eventTypes", "[1]", "schemas", "1", "type"] }]);
    expect((await eventType.list()).data).toEqual([]);
    await environment.import({});
  });
});
