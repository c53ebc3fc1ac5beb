import { describe, expect, test } from "bun:test";
import { StoreUnavailable } from "../../src/store/index.ts";
import { DAY, EngineWorld, HOUR, MINUTE, SECOND } from "../support/engine-world.ts";
import { storeWith } from "../support/store-with.ts";

const schedule = { policy: { retryScheduleMs: [5 * SECOND, 5 * MINUTE, 30 * MINUTE] } };

/** Returns the waits between the requests to a host, from request number `from` on. */
function waits(world: EngineWorld, host: string, from = 0): number[] {
  const times = world.times(host).slice(from);
  return times.slice(1).map((at, i) => at - times[i]!);
}

describe("a clock that has been set back", () => {
  test("no retry comes earlier than scheduled after the clock was set back", async () => {
    using world = await EngineWorld.open(schedule);
    const endpoint = await world.endpoint("a.example", 500);
    await world.send(endpoint);
    await world.rest();
    world.stepClock(-2 * HOUR);
    await world.send(endpoint);
    await world.rest();
    const [first, second, third] = waits(world, "a.example", 4);
    expect(first).toBeWithin(5 * SECOND, 5 * SECOND + 10);
    expect(second).toBeWithin(5 * MINUTE, 5 * MINUTE + 10);
    expect(third).toBeWithin(30 * MINUTE, 30 * MINUTE + 10);
  });

  test("no retry comes earlier than scheduled after a restart, even if the clock was once far ahead", async () => {
    using world = await EngineWorld.open(schedule);
    const endpoint = await world.endpoint("a.example", 200);
    world.stepClock(365 * DAY);
    await world.send(endpoint);
    await world.pass(SECOND);
    world.stepClock(-365 * DAY);
    await world.restart();
    world.behave("a.example", 500);
    await world.send(endpoint);
    await world.rest();
    expect(waits(world, "a.example", 1).map((ms) => Math.round(ms / MINUTE))).toEqual([0, 5, 30]);
    expect(waits(world, "a.example", 1)[0]).toBeGreaterThanOrEqual(5 * SECOND);
  });

  test("no scheduled message is sent early after the clock was set back", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 200);
    await world.send(endpoint);
    await world.pass(SECOND);
    world.stepClock(-2 * HOUR);
    await world.send(endpoint, 1, { deliverAt: world.now - 2 * HOUR + HOUR });
    await world.pass(59 * MINUTE);
    expect(world.times("a.example")).toHaveLength(1);
    await world.pass(2 * MINUTE);
    expect(world.times("a.example")).toHaveLength(2);
  });

  test("many deliveries that are due at the same time are all found after the clock was set back", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [HOUR] } });
    const endpoint = await world.endpoint("a.example", (_, attempt) => (attempt === 1 ? 500 : 200), {
      concurrency: 1000,
    });
    await world.send(endpoint, 300);
    await world.pass(MINUTE);
    expect(world.starts).toHaveLength(300);
    world.stepClock(-HOUR);
    await world.restart();
    await world.pass(3 * HOUR);
    expect(world.starts).toHaveLength(600);
    expect(waits(world, "a.example", 300).every((ms) => ms < MINUTE)).toBe(true);
  });

  test("a throttled endpoint is not held up when the clock is set back", async () => {
    using world = await EngineWorld.open();
    await world.send(await world.endpoint("a.example", 200, { throttleRate: 1 }), 60);
    await world.pass(10 * SECOND);
    const before = world.starts.length;
    world.stepClock(-2 * HOUR);
    await world.pass(30 * SECOND);
    expect(world.starts.length - before).toBeWithin(29, 32);
  });

  test("setting the clock back holds up neither earlier messages nor a lane that waits because the disk is full", async () => {
    for (const ordering of ["parallel", "fifo"] as const) {
      let isBroken = true;
      using world = await EngineWorld.open({
        wrapStore: (store) =>
          storeWith(store, {
            queue: {
              due: (...asked) => (isBroken ? Promise.reject(new StoreUnavailable("full")) : store.queue.due(...asked)),
            },
          }),
      });
      const endpoint = await world.endpoint("a.example", 200, { paused: true, ordering });
      const [first] = await world.send(endpoint, 2);
      await world.resend(first!, endpoint);
      await world.update(endpoint, { paused: false });
      await world.pass(100);
      isBroken = false;
      world.stepClock(-HOUR);
      await world.pass(SECOND);
      expect(world.starts).toHaveLength(2);
    }
  });
});

describe("a clock that has been set forward", () => {
  test("scheduled messages that become due because the clock was set forward are sent within minutes", async () => {
    using world = await EngineWorld.open();
    await world.send(await world.endpoint("a.example", 200), 1, { deliverAt: world.now + 10 * HOUR });
    await world.pass(MINUTE);
    world.stepClock(10 * HOUR);
    await world.pass(6 * MINUTE);
    expect(world.starts).toHaveLength(1);
  });
});

describe("a clock that has been set back and then forward", () => {
  test("a scheduled message that was found not to be due yet is sent when the clock reaches its time", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 200);
    await world.send(endpoint, 1, { deliverAt: world.now + HOUR });
    await world.pass(MINUTE);
    world.stepClock(-3 * HOUR);
    await world.pass(2 * HOUR);
    expect(world.starts).toHaveLength(0);
    world.stepClock(2 * HOUR);
    await world.pass(6 * MINUTE);
    expect(world.starts).toHaveLength(1);
  });
});

describe("a wait", () => {
  const steps = [-365 * DAY, -HOUR, -2 * SECOND, 2 * SECOND, HOUR, 365 * DAY];

  test.each(steps)(
    "each retry waits as long as scheduled when the clock is moved by %d ms during the wait",
    async (ms) => {
      for (const ordering of ["parallel", "fifo"] as const) {
        using world = await EngineWorld.open(schedule);
        const endpoint = await world.endpoint("a.example", 500, { ordering });
        await world.send(endpoint);
        await world.pass(SECOND);
        world.stepClock(ms);
        await world.pass(MINUTE);
        world.stepClock(-2 * ms);
        await world.rest();
        const [first, second, third] = waits(world, "a.example");
        // After a step forward, a lane checks every second whether its retries are due.
        expect(first).toBeWithin(5 * SECOND, 7 * SECOND);
        expect(second).toBeWithin(5 * MINUTE, 5 * MINUTE + 2 * SECOND);
        expect(third).toBeWithin(30 * MINUTE, 30 * MINUTE + 2 * SECOND);
      }
    },
  );

  test.each(steps)(
    "a retry waits as long as scheduled when the clock is moved by %d ms and the process then restarts",
    async (ms) => {
      using world = await EngineWorld.open(schedule);
      const endpoint = await world.endpoint("a.example", 500);
      await world.send(endpoint);
      await world.pass(6 * SECOND);
      world.stepClock(ms);
      // The process notices the step with the next message.
      await world.send(endpoint);
      await world.pass(SECOND);
      await world.restart();
      await world.rest();
      const [, second] = waits(world, "a.example").filter((wait) => wait > 2 * SECOND);
      expect(world.times("a.example")).toHaveLength(8);
      expect(second).toBeLessThan(5 * MINUTE);
      expect(Math.max(...world.times("a.example"))).toBeWithin(35 * MINUTE, 36 * MINUTE);
    },
  );

  test.each([100, 500, 999])(
    "no retry comes early when a clock that is behind is set forward by %d ms and the process then restarts",
    async (ms) => {
      using world = await EngineWorld.open(schedule);
      const endpoint = await world.endpoint("a.example", 500);
      // Positions of retries are ahead of their times if the clock is ahead, which would hide the step.
      world.stepClock(-HOUR);
      await world.send(endpoint);
      await world.rest();
      world.stepClock(ms);
      const before = world.starts.length;
      await world.send(endpoint);
      await world.pass(SECOND);
      await world.restart();
      await world.rest();
      const [first, second, third] = waits(world, "a.example", before);
      expect(first).toBeWithin(5 * SECOND, 7 * SECOND);
      expect(second).toBeWithin(5 * MINUTE, 5 * MINUTE + 2 * SECOND);
      expect(third).toBeWithin(30 * MINUTE, 30 * MINUTE + 2 * SECOND);
    },
  );

  test("a retry waits no longer than scheduled if the clock was set back while no process ran", async () => {
    using world = await EngineWorld.open(schedule);
    await world.send(await world.endpoint("a.example", 500));
    await world.pass(SECOND);
    world.stepClock(-365 * DAY);
    await world.restart();
    await world.rest();
    const [first, second] = waits(world, "a.example");
    expect(first).toBeWithin(5 * SECOND, 10 * SECOND);
    expect(second).toBeWithin(5 * MINUTE, 5 * MINUTE + 2 * SECOND);
  });

  test.each(steps)("a throttled endpoint keeps its rate when the clock is moved by %d ms", async (ms) => {
    using world = await EngineWorld.open();
    await world.send(await world.endpoint("a.example", 200, { throttleRate: 1 }), 20);
    await world.pass(5 * SECOND + 500);
    world.stepClock(ms);
    await world.rest();
    expect(waits(world, "a.example").every((wait) => wait >= 999 && wait <= 1001)).toBe(true);
  });

  test.each(steps)("a redrive keeps its rate when the clock is moved by %d ms", async (ms) => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
    const endpoint = await world.endpoint("a.example", 500);
    await world.send(endpoint, 20);
    await world.rest();
    world.behave("a.example", 200);
    const from = world.starts.length;
    await world.redrive(2);
    await world.pass(3 * SECOND);
    world.stepClock(ms);
    await world.rest();
    const starts = world.times("a.example").slice(from);
    expect(starts).toHaveLength(20);
    expect(starts.at(-1)! - starts[0]!).toBeWithin(9 * SECOND, 10 * SECOND);
  });

  test.each(steps)("the duration of an attempt is measured correctly when the clock is moved by %d ms", async (ms) => {
    using world = await EngineWorld.open();
    await world.send(await world.endpoint("a.example", { status: 200, afterMs: 700 }));
    await world.pass(100);
    world.stepClock(ms);
    await world.rest();
    const [finished] = world.factsOf("attempt.finished");
    expect(finished!.durationMs).toBe(700);
    expect(finished!.sinceAcceptedMs).toBeGreaterThanOrEqual(0);
  });

  test("setting the clock makes no failing endpoint be disabled too early or too late", async () => {
    for (const ms of [30 * DAY, -30 * DAY]) {
      using world = await EngineWorld.open({
        policy: { retryScheduleMs: [], endpointDisableAfterMs: 5 * DAY },
      });
      const endpoint = await world.endpoint("a.example", 500);
      await world.send(endpoint);
      await world.pass(DAY);
      world.stepClock(ms);
      await world.send(endpoint);
      await world.pass(3 * DAY);
      await world.send(endpoint);
      await world.pass(MINUTE);
      expect(world.factsOf("endpoint.disabled")).toEqual([]);
      await world.pass(2 * DAY);
      await world.send(endpoint);
      await world.pass(MINUTE);
      expect(world.factsOf("endpoint.disabled")).toMatchObject([{ cause: "failing" }]);
    }
  });
});
