import { describe, expect, test } from "bun:test";
import { EngineWorld, MINUTE, SECOND } from "../support/engine-world.ts";

describe("concurrency", () => {
  test.each([
    ["the server's setting", null, 3],
    ["the endpoint's own setting", 2, 2],
  ])("the concurrency of one endpoint is limited by %s", async (_, concurrency, most) => {
    using world = await EngineWorld.open({ policy: { endpointConcurrency: 3 } });
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: 100 }, { concurrency });
    await world.send(endpoint, 30);
    await world.rest();
    expect(world.mostAtOnce("a.example")).toBe(most);
    expect(world.starts).toHaveLength(30);
  });

  test("the concurrency of all endpoints together is limited by the server's setting", async () => {
    using world = await EngineWorld.open({ policy: { deliveryConcurrency: 8 } });
    for (let i = 0; i < 9; i++) {
      await world.send(await world.endpoint(`host-${i}.example`, { status: 200, afterMs: 100 }), 20);
    }
    await world.rest();
    expect(world.mostAtOnce()).toBe(8);
    expect(world.starts).toHaveLength(180);
  });

  test("the last quarter of the concurrency is reserved for endpoints without an attempt under way", async () => {
    using world = await EngineWorld.open({ policy: { deliveryConcurrency: 8 } });
    for (const host of ["a.example", "b.example", "c.example"]) {
      await world.send(await world.endpoint(host, { status: 200, afterMs: 100 }), 20);
    }
    await world.rest();
    expect(world.mostAtOnce()).toBe(6);
    expect(world.starts).toHaveLength(60);
  });

  test("a change of an endpoint's concurrency takes effect immediately", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: 100 }, { concurrency: 1 });
    await world.send(endpoint, 20);
    await world.pass(450);
    expect(world.starts).toHaveLength(5);
    await world.update(endpoint, { concurrency: 10 });
    await world.pass(60);
    expect(world.mostAtOnce("a.example")).toBe(10);
  });

  test("concurrent attempts start in the order of acceptance", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", (n) => ({ status: 200, afterMs: 1 + ((n * 37) % 50) }));
    for (let i = 0; i < 10; i++) await world.send(endpoint, 40);
    await world.rest();
    expect(world.order("a.example")).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
  });
});

describe("throttleRate of an application", () => {
  const hosts = ["a.example", "b.example", "c.example"];

  test("the endpoints of an application share its rate, each in turn", async () => {
    using world = await EngineWorld.open();
    await world.throttleApplication(10);
    for (const host of hosts) await world.send(await world.endpoint(host, 200), 20);
    await world.pass(3 * SECOND);
    for (const host of hosts) expect(world.times(host).length).toBeWithin(9, 13);
    await world.rest();
    const times = world.starts.map(({ at }) => at);
    expect(times).toHaveLength(60);
    // The whole rate is used: 60 requests at 10 per second, less the burst of one.
    expect(times.at(-1)! - times[0]!).toBe(5900);
    for (const host of hosts) expect(world.order(host)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test("the rate of an application and the rate of its endpoint both apply", async () => {
    using world = await EngineWorld.open();
    await world.throttleApplication(10);
    const slow = await world.endpoint("slow.example", 200, { throttleRate: 1 });
    await world.send(slow, 10);
    await world.send(await world.endpoint("free.example", 200), 40);
    await world.pass(4 * SECOND);
    expect(world.times("slow.example").length).toBeWithin(3, 6);
    expect(world.starts.length).toBeWithin(39, 42);
    await world.rest();
    const times = world.times("slow.example");
    expect(times).toHaveLength(10);
    expect(times.at(-1)! - times[0]!).toBeGreaterThanOrEqual(9000);
  });

  test("the rate of an application takes effect immediately when it is set, changed or removed", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", { status: 200, afterMs: 100 }, { concurrency: 1 });
    await world.send(endpoint, 100);
    await world.pass(SECOND);
    expect(world.starts.length).toBeWithin(9, 12);
    await world.throttleApplication(1);
    const before = world.starts.length;
    await world.pass(5 * SECOND);
    expect(world.starts.length - before).toBeWithin(4, 8);
    await world.throttleApplication(null);
    const then = world.starts.length;
    await world.pass(SECOND);
    expect(world.starts.length - then).toBeWithin(9, 12);
  });

  test("the endpoints of an application are served in turn even if one turn takes minutes at the application's rate", async () => {
    using world = await EngineWorld.open();
    await world.throttleApplication(1);
    const crowd = await Promise.all(Array.from({ length: 400 }, (_, i) => world.endpoint(`e${i}.example`, 200)));
    for (const endpoint of crowd) await world.send(endpoint, 5);
    await world.pass(25 * MINUTE);
    const counts = crowd.map((_, i) => world.times(`e${i}.example`).length);
    expect(counts.reduce((sum, count) => sum + count)).toBeWithin(1490, 1510);
    // 1,500 attempts for 400 endpoints: three or four each.
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([3, 4]);
  });

  test("the rate of an application still applies after a restart", async () => {
    using world = await EngineWorld.open();
    await world.throttleApplication(1);
    await world.send(await world.endpoint("a.example", 200), 10);
    await world.pass(SECOND);
    await world.restart();
    const before = world.starts.length;
    await world.pass(3 * SECOND);
    expect(world.starts.length - before).toBeWithin(3, 5);
  });

  test("the rate of an application never holds up a retry in a fifo lane forever", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [0, 0] } });
    await world.throttleApplication(2);
    await world.send(await world.endpoint("a.example", 500, { ordering: "fifo" }), 3);
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3]);
  });
});

describe("throttleRate", () => {
  test("the rate of an endpoint is used fully but never exceeded, and does not change the order of messages", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 200, { throttleRate: 10 });
    await world.send(endpoint, 50);
    await world.rest();
    expect(world.order("a.example")).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    const times = world.times("a.example");
    for (const from of times) {
      expect(times.filter((at) => at >= from && at < from + SECOND).length).toBeLessThanOrEqual(11);
    }
    // The whole rate is used: 50 requests at 10 per second, less the burst of one.
    expect(times.at(-1)! - times[0]!).toBe(4900);
  });

  test("the rate of an endpoint does not hold up other endpoints", async () => {
    using world = await EngineWorld.open();
    const slow = await world.endpoint("slow.example", 200, { throttleRate: 1 });
    const free = await world.endpoint("free.example", 200);
    await world.send(slow, 20);
    await world.send(free, 20);
    await world.pass(SECOND);
    expect(world.order("free.example")).toHaveLength(20);
    expect(world.order("slow.example").length).toBeLessThan(4);
  });

  test("the rate of an endpoint applies to retries too", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [0, 0] } });
    await world.send(await world.endpoint("a.example", 500, { throttleRate: 2 }), 4);
    await world.rest();
    const times = world.times("a.example");
    expect(times).toHaveLength(12);
    expect(times.at(-1)! - times[0]!).toBe(5500);
  });
});

describe("the timeout", () => {
  test.each([
    ["the server's timeout", null, 15 * SECOND],
    ["the endpoint's own timeout", 2 * SECOND, 2 * SECOND],
  ])("an attempt without a response is aborted after %s", async (_, timeoutMs, wantedMs) => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
    const [message] = await world.send(await world.endpoint("a.example", "hang", { timeoutMs }));
    await world.rest();
    expect(world.factsOf("attempt.finished")).toMatchObject([
      { reason: "timeout", durationMs: wantedMs, responseStatus: 0, next: "dead" },
    ]);
    expect(await world.states([message!])).toEqual(["dead: timeout"]);
  });

  test("the timeout includes the name resolution", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [] }, resolve: () => "hang" });
    await world.send(await world.endpoint("a.example", 200));
    await world.rest();
    expect(world.factsOf("attempt.finished")).toMatchObject([{ reason: "timeout", durationMs: 15 * SECOND }]);
    expect(world.starts).toEqual([]);
  });

  test("the timeout counts from the start of each attempt, not from the acceptance of the message", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [MINUTE] } });
    await world.send(await world.endpoint("a.example", "hang"));
    await world.rest();
    expect(world.times("a.example")[1]! - world.times("a.example")[0]!).toBe(75 * SECOND);
    expect(world.factsOf("attempt.finished").map(({ durationMs }) => durationMs)).toEqual([15 * SECOND, 15 * SECOND]);
  });
});
