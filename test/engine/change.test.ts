import { describe, expect, test } from "bun:test";
import { StoreUnavailable } from "../../src/store/index.ts";
import { EngineWorld, SECOND } from "../support/engine-world.ts";
import { storeWith } from "../support/store-with.ts";

describe("a manual change of an endpoint", () => {
  test.each(["before", "after"])(
    "an endpoint stays disabled if it is changed manually just %s it is disabled automatically",
    async (when) => {
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
      // The change is made in the same turn of the event loop as the settlement, so one commit
      // contains both.
      change = () => world.store.configuration.endpoints.update(endpoint.seq, () => ({ description: "changed" }));
      await world.send(endpoint);
      await world.rest();
      await changed;
      expect(world.factsOf("endpoint.disabled")).toHaveLength(1);
      expect(await world.store.configuration.endpoints.get(endpoint.seq)).toMatchObject({
        disabled: true,
        description: "changed",
      });
    },
  );
});

describe("a change that another process may have made", () => {
  test("the signal `store.changed` makes lanes reread endpoints and deliveries that another process may have changed", async () => {
    using world = await EngineWorld.open();
    const known = await world.endpoint("a.example", 200);
    const unknown = await world.endpoint("b.example", 200);
    await world.send(known);
    await world.rest();
    world.behave("c.example", 200);
    const { queue, configuration } = world.store;
    await world.do(async () => {
      await configuration.endpoints.update(known.seq, () => ({ url: "https://c.example/" }));
      await queue.accept([known, unknown].map((endpoint, i) => world.newMessage(endpoint, i + 2)));
    });
    await world.rest();
    expect([world.order("a.example"), world.order("b.example"), world.order("c.example")]).toEqual([[1], [], []]);

    world.kernel.signals.send({ type: "store.changed" });
    await world.rest();
    expect([world.order("a.example"), world.order("b.example"), world.order("c.example")]).toEqual([[1], [3], [2]]);
  });

  test("lanes with pending deliveries are found as soon as the store can be read again", async () => {
    let isDown = false;
    using world = await EngineWorld.open({
      wrapStore: (store) =>
        storeWith(store, {
          queue: {
            pendingLanes: async (...args) => {
              if (isDown) throw new StoreUnavailable("planted");
              return store.queue.pendingLanes(...args);
            },
          },
        }),
    });
    const endpoint = await world.endpoint("a.example", 200);
    await world.do(() => world.store.queue.accept([world.newMessage(endpoint, 1)]));
    isDown = true;
    world.kernel.signals.send({ type: "store.changed" });
    await world.pass(SECOND);
    expect(world.order("a.example")).toEqual([]);
    isDown = false;
    await world.rest();
    expect(world.order("a.example")).toEqual([1]);
    expect(world.factsOf("defect.found")).toEqual([]);
  });
});
