import { describe, expect, test } from "bun:test";
import { attemptsMax } from "../../src/core/concurrency.ts";
import type { Endpoint } from "../../src/store/index.ts";
import { EngineWorld, SECOND } from "../support/engine-world.ts";

const CONCURRENCY = 16;
const policy = { deliveryConcurrency: CONCURRENCY, endpointConcurrency: CONCURRENCY };

describe("the fair share of slots", () => {
  test("other endpoints get slots while one endpoint hangs with a thousand pending deliveries", async () => {
    using world = await EngineWorld.open({ policy });
    const hanging = await world.endpoint("hanging.example", "hang");
    const healthy = await world.endpoint("healthy.example", 200);
    await world.send(hanging, 1000);
    await world.pass(5 * SECOND);
    const sentAt = world.time;
    await world.send(healthy, 50);
    await world.pass(100);
    expect(world.times("healthy.example")[0]).toBe(sentAt);
    expect(world.order("healthy.example")).toHaveLength(50);
  });

  test("other endpoints get slots when an endpoint that was healthy begins to hang", async () => {
    using world = await EngineWorld.open({ policy });
    const [turned, healthy] = [
      await world.endpoint("turned.example", 200),
      await world.endpoint("healthy.example", 200),
    ];
    await world.send(turned, 5);
    await world.send(healthy, 5);
    await world.rest();
    world.behave("turned.example", "hang");
    await world.send(turned, 1000);
    await world.pass(1100);
    const sentAt = world.time;
    await world.send(healthy, 50);
    await world.pass(100);
    expect(world.times("healthy.example").at(5)! - sentAt).toBeLessThanOrEqual(1);
    expect(world.order("healthy.example")).toHaveLength(55);
  });

  test("hanging and failing endpoints together hold at most three quarters of the slots, however many such endpoints there are", async () => {
    using world = await EngineWorld.open({ policy: { ...policy, retryScheduleMs: [] } });
    const endpoints = [];
    for (let i = 0; i < 40; i++) endpoints.push(await world.endpoint(`e${i}.example`, 500));
    for (const endpoint of endpoints) await world.send(endpoint, 1);
    await world.rest();
    for (let i = 0; i < 40; i++) world.behave(`e${i}.example`, "hang");
    for (const endpoint of endpoints) await world.send(endpoint, 10);
    await world.pass(100);
    expect(world.engine.attemptsUnderWay).toBe((CONCURRENCY * 3) / 4);
    const healthy = await world.endpoint("healthy.example", 200);
    const sentAt = world.time;
    await world.send(healthy, 100);
    await world.pass(200);
    expect(world.times("healthy.example")[0]).toBe(sentAt);
    expect(world.order("healthy.example")).toHaveLength(100);
  });

  test("an endpoint gets only one slot until its first attempt has ended", async () => {
    using world = await EngineWorld.open({ policy });
    const endpoint = await world.endpoint("a.example", (n) => ({ status: 200, afterMs: n === 1 ? 500 : 50 }));
    await world.send(endpoint, 20);
    await world.pass(499);
    expect(world.order("a.example")).toEqual([1]);
    await world.pass(2);
    expect(world.engine.attemptsUnderWay).toBeGreaterThan(1);
  });

  test("lanes get slots in turn", async () => {
    using world = await EngineWorld.open({ policy: { deliveryConcurrency: 2, endpointConcurrency: 2 } });
    const hosts = ["a.example", "b.example", "c.example"];
    const endpoints = [];
    for (const host of hosts) endpoints.push(await world.endpoint(host, { status: 200, afterMs: 10 }));
    for (const endpoint of endpoints) await world.send(endpoint);
    await world.rest();
    for (const endpoint of endpoints) await world.send(endpoint, 200);
    await world.pass(900);
    const counts = hosts.map((host) => world.order(host).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    expect(Math.min(...counts)).toBeGreaterThan(40);
  });

  test("one endpoint never holds all slots, even if it has always been healthy", async () => {
    using world = await EngineWorld.open({ policy });
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: 100 });
    await world.send(endpoint, 100);
    await world.rest();
    expect(world.mostAtOnce()).toBe((CONCURRENCY * 3) / 4);
  });
});

describe("endpoints that begin to hang", () => {
  const COUNT = 1000;
  /** The default settings. */
  const defaults = { deliveryConcurrency: 256, endpointConcurrency: 16, deliveryTimeoutMs: 15 * SECOND };
  const TIMEOUTS = { timeoutMs: 60 * SECOND };
  /** A delivery of a healthy endpoint starts within this time after its commit. */
  const BOUND_MS = 1000;

  const hanging = (i: number) => `hanging-${i}.example`;

  /**
   * Opens a world with a healthy endpoint, and many endpoints that respond until `hangAll` is
   * called.
   */
  async function worldOfMany() {
    const world = await EngineWorld.open({ policy: defaults });
    const healthy = await world.endpoint("healthy.example", 200);
    const others: Endpoint[] = [];
    for (let i = 0; i < COUNT; i++) others.push(await world.endpoint(hanging(i), 200, TIMEOUTS));
    return { world, healthy, others };
  }

  const sendToAll = async (world: EngineWorld, endpoints: readonly Endpoint[], count = 1) => {
    for (const endpoint of endpoints) await world.send(endpoint, count);
  };

  const hangAll = (world: EngineWorld) => {
    for (let i = 0; i < COUNT; i++) world.behave(hanging(i), "hang");
  };

  /** Sends to the healthy endpoint every 50 ms. Returns the longest time until an attempt began. */
  async function longestWaitMs(world: EngineWorld, healthy: Endpoint, forMs: number): Promise<number> {
    const sentAt: number[] = [];
    const before = world.times("healthy.example").length;
    for (const until = world.time + forMs; world.time < until; await world.pass(50)) {
      sentAt.push(world.time);
      await world.send(healthy);
    }
    await world.pass(5 * SECOND);
    const startedAt = world.times("healthy.example").slice(before);
    expect(startedAt).toHaveLength(sentAt.length);
    return Math.max(...startedAt.map((at, i) => at - sentAt[i]!));
  }

  test("a healthy endpoint is served within a second when a thousand fast endpoints suddenly hang", async () => {
    const { world, healthy, others } = await worldOfMany();
    using _ = world;
    await sendToAll(world, [healthy, ...others]);
    await world.rest();
    hangAll(world);
    // A few endpoints take as many slots as they can before the others begin.
    await sendToAll(world, others.slice(0, 12), 16);
    await sendToAll(world, others.slice(12));
    expect(await longestWaitMs(world, healthy, 20 * SECOND)).toBeLessThanOrEqual(BOUND_MS);
    expect(world.mostAtOnce()).toBeLessThanOrEqual(attemptsMax(defaults.deliveryConcurrency));
  });

  test("a healthy endpoint is served within a second of a restart with a thousand hanging endpoints", async () => {
    const { world, healthy, others } = await worldOfMany();
    using _ = world;
    hangAll(world);
    await sendToAll(world, others, 3);
    await world.restart();
    expect(await longestWaitMs(world, healthy, 5 * SECOND)).toBeLessThanOrEqual(BOUND_MS);
  });

  test("a healthy endpoint with many messages keeps its concurrency while other endpoints begin to hang one by one", async () => {
    const { world, healthy, others } = await worldOfMany();
    using _ = world;
    world.behave("healthy.example", { status: 200, afterMs: 50 });
    await sendToAll(world, [healthy, ...others]);
    await world.rest();
    hangAll(world);
    for (let i = 0; i < 40; i++) {
      await world.send(others[i]!, 16);
      await world.send(healthy, 20);
      await world.pass(100);
    }
    await world.pass(BOUND_MS);
    // One attempt at a time would need 40 seconds for 800 messages.
    expect(world.order("healthy.example")).toHaveLength(801);
  });

  test("an endpoint that failed once is served while a thousand endpoints hang", async () => {
    const { world, healthy, others } = await worldOfMany();
    using _ = world;
    world.behave("healthy.example", (n) => (n === 2 ? 500 : 200));
    await sendToAll(world, [healthy, ...others]);
    await world.rest();
    hangAll(world);
    await sendToAll(world, others);
    await world.pass(2 * SECOND);
    await world.send(healthy);
    await world.pass(SECOND);
    const sentAt = world.time;
    await world.send(healthy);
    await world.pass(BOUND_MS);
    expect(world.times("healthy.example").at(-1)! - sentAt).toBeLessThanOrEqual(BOUND_MS);
    expect(world.order("healthy.example").slice(0, 3)).toEqual([1, 2, 3]);
  });
});
