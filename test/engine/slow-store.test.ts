import { describe, expect, test } from "bun:test";
import type { Seq } from "../../src/core/id.ts";
import type { Endpoint } from "../../src/store/index.ts";
import { Dice } from "../sim/dice.ts";
import { EngineWorld, MINUTE, SECOND } from "../support/engine-world.ts";
import { slowStore } from "../support/slow-store.ts";
import { storeWith } from "../support/store-with.ts";

const SEEDS = Array.from({ length: 12 }, (_, i) => i + 1);

function openSlowly(seed: number): Promise<EngineWorld> {
  const delays = new Dice(~seed);
  return EngineWorld.open({
    policy: { deliveryConcurrency: 8, retryScheduleMs: [SECOND] },
    wrapStore: (store, clock) => slowStore(store, clock, () => delays.below(delays.chance(0.1) ? 500 : 20)),
  });
}

/** The first attempt of each message fails and the second one succeeds. */
const behaviour = (_: number, attempt: number) => ({ status: attempt === 1 ? 500 : 200, afterMs: 3 });

interface Lane {
  readonly host: string;
  readonly endpoint: Endpoint;
  readonly messages: Seq[];
}

async function openLane(world: EngineWorld, host: string, change: Partial<Endpoint>): Promise<Lane> {
  return { host, endpoint: await world.endpoint(host, behaviour, change), messages: [] };
}

/** Returns the messages in the order of their first attempts. */
function firstAttempts(world: EngineWorld, host: string): number[] {
  return [...new Set(world.order(host))];
}

describe("a store with the latency of a network", () => {
  test.each(SEEDS)(
    "a store with network latency causes neither out-of-order nor unnecessary attempts (seed %d)",
    async (seed) => {
      const dice = new Dice(seed);
      using world = await openSlowly(seed);
      const lanes = [await openLane(world, "parallel", {}), await openLane(world, "fifo", { ordering: "fifo" })];
      for (let i = 0; i < 60; i++) {
        const { endpoint, messages } = dice.pick(lanes);
        if (dice.chance(0.2)) await world.update(endpoint, { paused: dice.chance(0.5) });
        else if (dice.chance(0.1)) await world.update(endpoint, { description: `change ${i}` });
        else messages.push(...(await world.send(endpoint, dice.chance(0.1) ? 100 : dice.between(1, 5))));
        await world.pass(dice.below(dice.chance(0.2) ? SECOND : 30));
      }
      for (const { endpoint } of lanes) await world.update(endpoint, { paused: false });
      await world.rest();
      for (const { host, messages } of lanes) {
        expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
        expect(firstAttempts(world, host)).toEqual(messages.map((_, i) => i + 1));
        expect(world.order(host)).toHaveLength(2 * messages.length);
      }
      const fifo = lanes[1]!;
      expect(world.order(fifo.host)).toEqual(fifo.messages.flatMap((_, i) => [i + 1, i + 1]));
      expect(world.mostAtOnce()).toBeLessThanOrEqual(8);
      expect(world.factsOf("defect.found")).toEqual([]);
    },
  );

  test.each(SEEDS)(
    "a slow store loses no message when messages are resent, endpoints change or the process restarts (seed %d)",
    async (seed) => {
      const dice = new Dice(seed);
      using world = await openSlowly(seed);
      const lanes = [await openLane(world, "one", {}), await openLane(world, "two", { ordering: "fifo" })];
      for (let i = 0; i < 60; i++) {
        const { endpoint, messages } = dice.pick(lanes);
        if (dice.chance(0.3) && messages.length > 0) await world.resend(dice.pick(messages), endpoint);
        else if (dice.chance(0.1)) await world.update(endpoint, { ordering: dice.pick(["parallel", "fifo"]) });
        else if (dice.chance(0.05)) await world.restart();
        else messages.push(...(await world.send(endpoint, dice.between(1, 5))));
        await world.pass(dice.below(dice.chance(0.2) ? SECOND : 30));
      }
      await world.rest();
      for (const { messages } of lanes) expect(new Set(await world.states(messages))).toEqual(new Set(["delivered"]));
      expect(world.engine.attemptsUnderWay).toBe(0);
      expect(world.factsOf("defect.found")).toEqual([]);
    },
  );

  test("a rate that is set while an endpoint is being read takes effect", async () => {
    for (let ms = 0; ms <= 250; ms += 25) {
      using world = await EngineWorld.open({ wrapStore: (store, clock) => slowStore(store, clock, () => 50) });
      await world.send(await world.endpoint("a.example", 200), 20);
      await world.pass(ms);
      await world.throttleApplication(1);
      const before = world.starts.length;
      await world.pass(10 * SECOND);
      expect(world.starts.length - before).toBeWithin(8, 13);
    }
  });

  test("no slot is used twice when the clock is set back while lanes are being read", async () => {
    for (let ms = 0; ms < 60; ms += 5) {
      using world = await EngineWorld.open({
        policy: { deliveryConcurrency: 1 },
        wrapStore: (store, clock) => slowStore(store, clock, () => 10),
      });
      const slow = { status: 200, afterMs: 100 };
      const [one, two] = [await world.endpoint("one", slow), await world.endpoint("two", slow)];
      for (const endpoint of [one, two]) await world.send(endpoint, 2);
      await world.pass(SECOND);
      for (const endpoint of [one, two]) await world.update(endpoint, { paused: true });
      for (const endpoint of [one, two]) await world.send(endpoint, 3);
      for (const endpoint of [one, two]) await world.update(endpoint, { paused: false });
      await world.pass(ms);
      world.stepClock(-MINUTE);
      await world.rest();
      expect(world.mostAtOnce()).toBe(1);
      expect(world.starts).toHaveLength(10);
    }
  });

  test("a message that a lane reads before its commit is confirmed is sent once", async () => {
    let acceptMs = 0;
    using world = await EngineWorld.open({
      wrapStore: (store, clock) =>
        storeWith(store, {
          queue: {
            accept: async (messages) => {
              const results = await store.queue.accept(messages);
              if (acceptMs > 0) await new Promise<void>((resolve) => clock.after(acceptMs, resolve));
              return results;
            },
          },
        }),
    });
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: 100 });
    const [first] = await world.send(endpoint);
    await world.rest();
    for (acceptMs of [50, 150, 250]) {
      world.starts.length = 0;
      const sending = world.send(endpoint, 3);
      await world.resend(first!, endpoint);
      await sending;
      await world.rest();
      expect(world.order("a.example").toSorted()).toHaveLength(4);
      expect(new Set(world.order("a.example")).size).toBe(4);
    }
  });

  describe("changes while a lane is being read", () => {
    /**
     * A world with a proven endpoint. Each read of due deliveries takes a second and returns the
     * rows as they were at its start.
     */
    async function openReading(afterMs: number): Promise<{ world: EngineWorld; endpoint: Endpoint }> {
      let isSlow = false;
      const world = await EngineWorld.open({
        wrapStore: (store, clock) =>
          storeWith(store, {
            queue: {
              due: async (...args) => {
                const rows = await store.queue.due(...args);
                if (isSlow) await new Promise<void>((resolve) => clock.after(SECOND, resolve));
                return rows;
              },
            },
          }),
      });
      const endpoint = await world.endpoint("a.example", { status: 200, afterMs });
      await world.send(endpoint);
      await world.rest();
      isSlow = true;
      return { world, endpoint };
    }

    test("a message that is resent while its lane is being read is sent once, at its new position", async () => {
      const { world, endpoint } = await openReading(1);
      using _ = world;
      await world.update(endpoint, { paused: true });
      const [second] = await world.send(endpoint, 2);
      await world.update(endpoint, { paused: false });
      await world.pass(500);
      await world.resend(second!, endpoint);
      await world.rest();
      expect(world.order("a.example")).toEqual([1, 3, 2]);
    });

    test("a message whose attempt ends while its lane is being read is not sent again", async () => {
      const { world, endpoint } = await openReading(500);
      using _ = world;
      const [first] = await world.send(endpoint, 2);
      await world.pass(100);
      await world.expunge(first!);
      await world.rest();
      expect(world.order("a.example")).toEqual([1, 2, 3]);
    });

    test("a message whose attempt fails while its lane is being read is retried on time", async () => {
      const { world, endpoint } = await openReading(500);
      using _ = world;
      world.behave("a.example", (_, attempt) => ({ status: attempt === 1 ? 500 : 200, afterMs: 500 }));
      const [second, third] = await world.send(endpoint, 2);
      await world.pass(100);
      await world.resend(third!, endpoint);
      await world.rest();
      expect(await world.states([second!, third!])).toEqual(["delivered", "delivered"]);
      expect(world.order("a.example").filter((number) => number === 2)).toHaveLength(2);
    });
  });
});
