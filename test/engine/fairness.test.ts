import { describe, expect, test } from "bun:test";
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

  test("endpoints that hang or fail hold at most three quarters of the slots, however many there are", async () => {
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

  test("one endpoint never holds all slots, even if it was always healthy", async () => {
    using world = await EngineWorld.open({ policy });
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: 100 });
    await world.send(endpoint, 100);
    await world.rest();
    expect(world.mostAtOnce()).toBe((CONCURRENCY * 3) / 4);
  });
});
