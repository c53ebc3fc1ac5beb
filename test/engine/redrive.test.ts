import { describe, expect, test } from "bun:test";
import { EngineWorld, HOUR, MINUTE, SECOND } from "../support/engine-world.ts";

/** Opens a world with `count` dead letters of an endpoint that works again. */
async function worldWithDead(count: number): Promise<EngineWorld> {
  const world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
  const endpoint = await world.endpoint("a.example", 500);
  await world.send(endpoint, count);
  await world.rest();
  world.behave("a.example", 200);
  return world;
}

function redriven(world: EngineWorld): number {
  return world.factsOf("deliveries.redriven").reduce((sum, { count }) => sum + count, 0);
}

describe("a redrive", () => {
  test.each([1, 3, 6, 7, 8, 13, 999])(
    "a redrive with a rate of %d per second sends that many deliveries per second",
    async (rate) => {
      const seconds = rate < 100 ? 10 : 2;
      using world = await worldWithDead(rate * (seconds + 1));
      const begunAt = world.time;
      await world.redrive(rate);
      await world.pass(seconds * SECOND - (world.time - begunAt));
      // The first step is made immediately.
      expect(redriven(world)).toBeGreaterThanOrEqual(rate * seconds - 1);
      expect(redriven(world)).toBeLessThanOrEqual(rate * (seconds + 0.2) + 1);
    },
  );

  test("a redrive keeps to its rate even at the maximum rate", async () => {
    using world = await worldWithDead(4000);
    await world.redrive(10_000);
    await world.pass(210);
    expect(redriven(world)).toBeGreaterThanOrEqual(2000);
    expect(redriven(world)).toBeLessThanOrEqual(2600);
  });

  test("a redrive keeps to its rate across restarts, without a burst", async () => {
    using world = await worldWithDead(100);
    await world.redrive(7);
    for (let second = 0; second < 10; second++) {
      await world.pass(SECOND);
      await world.restart();
    }
    expect(redriven(world)).toBeGreaterThanOrEqual(60);
    expect(redriven(world)).toBeLessThanOrEqual(72);
  });

  test("a redrive includes dead letters that died before the clock was set back", async () => {
    for (const back of [-HOUR, -10 * SECOND]) {
      using world = await worldWithDead(20);
      await world.pass(MINUTE);
      const { endpoints } = world.store.configuration;
      const endpoint = (await endpoints.get((await endpoints.ever(world.applicationSeq))[0]!))!;
      await world.update(endpoint, { paused: true });
      await world.send(endpoint, 10);
      await world.pass(MINUTE);
      await world.update(endpoint, { disabled: true });
      await world.pass(SECOND);
      world.stepClock(back);
      await world.update(endpoint, { disabled: false, paused: false });
      await world.redrive(1000);
      await world.rest();
      expect(redriven(world)).toBe(30);
    }
  });

  test("a redrive leaves out deliveries that become dead letters after it has started", async () => {
    using world = await worldWithDead(20);
    world.behave("a.example", 500);
    await world.redrive(5);
    await world.pass(SECOND);
    const { endpoints } = world.store.configuration;
    const endpoint = (await endpoints.get((await endpoints.ever(world.applicationSeq))[0]!))!;
    const later = await world.send(endpoint, 10);
    await world.rest();
    expect(redriven(world)).toBe(20);
    expect(await Promise.all(later.map(async (seq) => (await world.delivery(seq)).attemptsTotal))).toEqual(
      later.map(() => 1),
    );
  });
});
