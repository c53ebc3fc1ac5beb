import { describe, expect, test } from "bun:test";
import { EngineWorld, HOUR, MINUTE, SECOND } from "../support/engine-world.ts";

/** Returns the message number and the time of each request. */
function startsOf(world: EngineWorld): [message: number, at: number][] {
  return world.starts.map(({ message, at }) => [message, at]);
}

describe("a scheduled message", () => {
  for (const ordering of ["parallel", "fifo"] as const) {
    test(`a scheduled message is sent at its time and does not delay others (${ordering} lane)`, async () => {
      using world = await EngineWorld.open();
      const endpoint = await world.endpoint("a", 200, { ordering });
      const deliverAt = world.now + HOUR;
      await world.send(endpoint, 1, { deliverAt });
      await world.send(endpoint);
      await world.pass(30 * MINUTE);
      await world.send(endpoint);
      await world.pass(29 * MINUTE);
      expect(startsOf(world).map(([message]) => message)).toEqual([2, 3]);
      await world.pass(2 * MINUTE);
      expect(startsOf(world).at(-1)).toEqual([1, expect.any(Number)]);
      expect(world.starts.at(-1)!.at).toBeGreaterThanOrEqual(HOUR);
      expect(world.starts.at(-1)!.at).toBeLessThan(HOUR + 2 * SECOND);
    });
  }

  test("a scheduled message is kept across a restart", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a", 200);
    await world.send(endpoint, 1, { deliverAt: world.now + HOUR });
    await world.pass(10 * MINUTE);
    await world.restart();
    await world.pass(40 * MINUTE);
    expect(world.starts).toHaveLength(0);
    await world.pass(15 * MINUTE);
    expect(world.starts).toHaveLength(1);
  });

  test("a scheduled message that fails is retried according to the schedule, and a fifo lane waits for that retry", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a", (_, attempt) => (attempt === 1 ? 500 : 200), { ordering: "fifo" });
    await world.send(endpoint, 1, { deliverAt: world.now + HOUR });
    await world.pass(HOUR + SECOND);
    await world.send(endpoint);
    await world.pass(MINUTE);
    expect(startsOf(world).map(([message]) => message)).toEqual([1, 1, 2, 2]);
  });

  test("a scheduled message does not hold up a lane that is changed to fifo", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a", 200);
    await world.send(endpoint, 1, { deliverAt: world.now + HOUR });
    await world.update(endpoint, { ordering: "fifo" });
    await world.send(endpoint);
    await world.pass(MINUTE);
    expect(startsOf(world).map(([message]) => message)).toEqual([2]);
    await world.pass(HOUR);
    expect(startsOf(world).map(([message]) => message)).toEqual([2, 1]);
  });

  test("scheduled messages are sent in the order of their times, whatever the order of acceptance", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a", 200, { ordering: "fifo" });
    for (const minutes of [30, 10, 20]) await world.send(endpoint, 1, { deliverAt: world.now + minutes * MINUTE });
    await world.pass(HOUR);
    expect(startsOf(world).map(([message]) => message)).toEqual([2, 3, 1]);
  });

  test("a scheduled message is not sent if its payload has been deleted", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a", 200);
    const [seq] = await world.send(endpoint, 1, { deliverAt: world.now + HOUR });
    await world.expunge(seq!);
    await world.pass(2 * HOUR);
    expect(world.starts).toHaveLength(0);
  });

  test("a scheduled message is not due before its time", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a", 200);
    await world.send(endpoint, 1, { deliverAt: world.now + HOUR });
    await world.pass(MINUTE);
    expect(world.engine.oldestDueAt()).toBeNull();
  });
});
