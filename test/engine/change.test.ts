import { describe, expect, test } from "bun:test";
import type { Store } from "../../src/store/index.ts";
import { EngineWorld } from "../support/engine-world.ts";

describe("a change of an endpoint by hand", () => {
  test.each(["before", "after"])("that is made just %s an automatic disabling does not undo it", async (when) => {
    let change: (() => Promise<unknown>) | null = null;
    let changed: Promise<unknown> = Promise.resolve();
    using world = await EngineWorld.open({
      wrapStore: (store: Store) => ({
        ...store,
        settle: (settlements) => {
          if (!settlements.some(({ disableEndpoint }) => disableEndpoint)) return store.settle(settlements);
          if (when === "before") changed = change!();
          const settling = store.settle(settlements);
          if (when === "after") changed = change!();
          return settling;
        },
      }),
    });
    const endpoint = await world.endpoint("a.example", 410);
    // All in the same turn as the settlement, and so in the same commit.
    change = () => world.store.endpoints.update(endpoint.seq, () => ({ description: "changed" }));
    await world.send(endpoint);
    await world.rest();
    await changed;
    expect(world.factsOf("endpoint.disabled")).toHaveLength(1);
    expect(await world.store.endpoints.get(endpoint.seq)).toMatchObject({ disabled: true, description: "changed" });
  });
});
