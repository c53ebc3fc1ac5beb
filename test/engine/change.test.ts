import { describe, expect, test } from "bun:test";
import { EngineWorld } from "../support/engine-world.ts";
import { storeWith } from "../support/store-with.ts";

describe("a change of an endpoint by hand", () => {
  test.each(["before", "after"])("that is made just %s an automatic disabling does not undo it", async (when) => {
    let change: (() => Promise<unknown>) | null = null;
    let changed: Promise<unknown> = Promise.resolve();
    using world = await EngineWorld.open({
      wrapStore: (store) =>
        storeWith(store, {
          queue: {
            settle: (settlements) => {
              if (!settlements.some(({ disableEndpoint }) => disableEndpoint)) return store.queue.settle(settlements);
              if (when === "before") changed = change!();
              const settling = store.queue.settle(settlements);
              if (when === "after") changed = change!();
              return settling;
            },
          },
        }),
    });
    const endpoint = await world.endpoint("a.example", 410);
    // All in the same turn as the settlement, and so in the same commit.
    change = () => world.store.configuration.endpoints.update(endpoint.seq, () => ({ description: "changed" }));
    await world.send(endpoint);
    await world.rest();
    await changed;
    expect(world.factsOf("endpoint.disabled")).toHaveLength(1);
    expect(await world.store.configuration.endpoints.get(endpoint.seq)).toMatchObject({
      disabled: true,
      description: "changed",
    });
  });
});
