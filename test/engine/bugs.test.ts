import { describe, expect, test } from "bun:test";
import type { Queue, Store } from "../../src/store/index.ts";
import { EngineWorld, SECOND, type WorldOptions } from "../support/engine-world.ts";
import { storeWith } from "../support/store-with.ts";

/** A planted bug, which throws while it is armed. */
class Bug {
  #left = 0;

  arm(times: number): void {
    this.#left = times;
  }

  /** Returns whether the bug has thrown as many times as `arm` requested. */
  get hasStruck(): boolean {
    return this.#left === 0;
  }

  strike(): void {
    if (this.#left === 0) return;
    this.#left--;
    throw new Error("a bug");
  }
}

function around<T extends unknown[], R>(bug: Bug, verb: (...args: T) => Promise<R>): (...args: T) => Promise<R> {
  return async (...args) => {
    bug.strike();
    return verb(...args);
  };
}

type Place = (bug: Bug) => WorldOptions;

function inQueue(change: (bug: Bug, queue: Queue) => Partial<Queue>): Place {
  return (bug) => ({ wrapStore: (store) => storeWith(store, { queue: change(bug, store.queue) }) });
}

function inEndpoints(change: (bug: Bug, endpoints: Store["configuration"]["endpoints"]) => object): Place {
  return (bug) => ({
    wrapStore: (store) => {
      const { endpoints } = store.configuration;
      return storeWith(store, { configuration: { endpoints: { ...endpoints, ...change(bug, endpoints) } } });
    },
  });
}

const places: Readonly<Record<string, Place>> = {
  "reading an endpoint": inEndpoints((bug, { get }) => ({ get: around(bug, get) })),
  "reading an endpoint's keys": inEndpoints((bug, { secrets }) => ({ secrets: around(bug, secrets) })),
  "reading due deliveries": inQueue((bug, { due }) => ({ due: around(bug, due) })),
  "reading the next position": inQueue((bug, { nextPosition }) => ({ nextPosition: around(bug, nextPosition) })),
  "reading message contents": inQueue((bug, { contents }) => ({ contents: around(bug, contents) })),
  "processing a row": inQueue((bug, { due }) => ({
    due: async (...args) => {
      const rows = await due(...args);
      return rows.map((row) => ({
        ...row,
        get round() {
          bug.strike();
          return row.round;
        },
      }));
    },
  })),
  "resolving a host name": (bug) => ({
    resolve: () => {
      bug.strike();
      return ["93.184.216.34"];
    },
  }),
  "judging a response": (bug) => ({
    chance: () => {
      bug.strike();
      return 0;
    },
  }),
  "settling (before the commit)": inQueue((bug, { settle }) => ({ settle: around(bug, settle) })),
  "settling (after the commit)": inQueue((bug, { settle }) => ({
    settle: async (settlements) => {
      const settled = await settle(settlements);
      bug.strike();
      return settled;
    },
  })),
  "processing the result of a settlement": inQueue((bug, { settle }) => ({
    settle: async (settlements) => {
      const settled = await settle(settlements);
      return settled.map((one) => ({
        ...one,
        get change() {
          bug.strike();
          return one.change;
        },
      }));
    },
  })),
};

describe("a bug", () => {
  test.each(Object.entries(places))("a bug while %s leaks no slot and loses no message", async (_, place) => {
    for (const ordering of ["parallel", "fifo"] as const) {
      const bug = new Bug();
      const retryScheduleMs = Array(8).fill(5 * SECOND) as number[];
      using world = await EngineWorld.open({ policy: { deliveryConcurrency: 2, retryScheduleMs }, ...place(bug) });
      // The first attempt fails, because only a failed attempt runs all of this code.
      const behaviour = (_: number, attempt: number) => (attempt === 1 ? 500 : 200);
      const endpoint = await world.endpoint("a.example", behaviour, { ordering });
      const first = await world.send(endpoint);
      await world.rest();
      bug.arm(5);
      await world.update(endpoint, { paused: true });
      const messages = await world.send(endpoint, 20);
      await world.update(endpoint, { paused: false });
      await world.rest();
      expect(bug.hasStruck).toBe(true);
      expect(world.engine.attemptsUnderWay).toBe(0);
      expect(new Set(await world.states([...first, ...messages]))).toEqual(new Set(["delivered"]));
      expect(world.factsOf("defect.found").length).toBe(5);
    }
  });

  test.each(Object.entries(places))(
    "after a bug while %s, a fifo endpoint still gets its messages in order",
    async (_, place) => {
      const bug = new Bug();
      const retryScheduleMs = Array(3).fill(5 * SECOND) as number[];
      using world = await EngineWorld.open({ policy: { retryScheduleMs }, ...place(bug) });
      const behaviour = (_: number, attempt: number) => (attempt === 1 ? 500 : 200);
      const endpoint = await world.endpoint("a.example", behaviour, { ordering: "fifo", paused: true });
      const messages = await world.send(endpoint, 5);
      bug.arm(2);
      await world.update(endpoint, { paused: false });
      await world.rest();
      expect(bug.hasStruck).toBe(true);
      const order = world.order("a.example");
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      expect(new Set(order)).toEqual(new Set([1, 2, 3, 4, 5]));
      expect(await world.states(messages)).toEqual(Array(5).fill("delivered"));
    },
  );

  test("a bug while burying deliveries leaks no slot, and the deliveries are buried later", async () => {
    const bug = new Bug();
    using world = await EngineWorld.open({
      policy: { deliveryConcurrency: 1 },
      wrapStore: (store) => storeWith(store, { queue: { bury: around(bug, store.queue.bury) } }),
    });
    const endpoint = await world.endpoint("a.example", 200, { paused: true });
    const messages = await world.send(endpoint, 3);
    bug.arm(2);
    await world.update(endpoint, { disabled: true });
    const other = await world.send(await world.endpoint("b.example", 200));
    await world.pass(SECOND);
    expect(await world.states(other)).toEqual(["delivered"]);
    await world.rest();
    expect(await world.states(messages)).toEqual(Array(3).fill("dead: disabled"));
    expect(world.engine.attemptsUnderWay).toBe(0);
  });

  test("a bug that occurs whenever an endpoint is prepared pauses only that endpoint's lane", async () => {
    let isStruck: (url: string) => boolean = (url) => url.includes("broken.example");
    const place = inEndpoints((_, { get }) => ({
      get: async (...args: Parameters<typeof get>) => {
        const endpoint = await get(...args);
        return endpoint !== null && isStruck(endpoint.url) ? { ...endpoint, url: "https://not a URL/" } : endpoint;
      },
    }));
    using world = await EngineWorld.open({ policy: { deliveryConcurrency: 1 }, ...place(new Bug()) });
    const broken = await world.endpoint("broken.example", 200);
    const stuck = await world.send(broken);
    const other = await world.send(await world.endpoint("a.example", 200), 3);
    await world.pass(60 * SECOND);
    expect(await world.states(other)).toEqual(Array(3).fill("delivered"));
    expect(world.factsOf("defect.found").length).toBeWithin(10, 14);
    isStruck = () => false;
    await world.update(broken, { description: "mended" });
    await world.rest();
    expect(await world.states(stuck)).toEqual(["delivered"]);
  });

  test("a bug in a listener leaks no slot and loses no message", async () => {
    using world = await EngineWorld.open({ policy: { deliveryConcurrency: 1 } });
    const { facts, signals } = world.kernel;
    facts.on(["attempt.started", "attempt.finished", "endpoint.disabled"], () => {
      throw new Error("a bug");
    });
    signals.react(["endpoint.changed", "lane.filled"], () => {
      throw new Error("a bug");
    });
    const gone = await world.endpoint("gone.example", 410);
    const messages = await world.send(await world.endpoint("a.example", 200), 5);
    const given = await world.send(gone, 3);
    await world.rest();
    expect(world.engine.attemptsUnderWay).toBe(0);
    expect(await world.states(messages)).toEqual(Array(5).fill("delivered"));
    expect(await world.states(given)).toEqual(["dead: gone", "dead: disabled", "dead: disabled"]);
  });
});
