import { describe, expect, test } from "bun:test";
import { EngineWorld, HOUR, MINUTE, SECOND } from "../support/engine-world.ts";

/** When each message set out, by its number among those of the endpoint. */
function startsOf(world: EngineWorld): [message: number, at: number][] {
  return world.starts.map(({ message, at }) => [message, at]);
}

describe("a message for a later instant", () => {
  for (const ordering of ["parallel", "fifo"] as const) {
    test(`is sent then and not before, and holds up nobody (${ordering})`, async () => {
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

  test("survives a restart", async () => {
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

  test("is retried by the schedule when it fails, and a fifo lane then waits for it", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a", (_, attempt) => (attempt === 1 ? 500 : 200), { ordering: "fifo" });
    await world.send(endpoint, 1, { deliverAt: world.now + HOUR });
    await world.pass(HOUR + SECOND);
    await world.send(endpoint);
    await world.pass(MINUTE);
    expect(startsOf(world).map(([message]) => message)).toEqual([1, 1, 2, 2]);
  });

  test("does not become the head that holds up a lane that is made fifo", async () => {
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

  test("goes in the order of the instants, whatever the order of acceptance", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a", 200, { ordering: "fifo" });
    for (const minutes of [30, 10, 20]) await world.send(endpoint, 1, { deliverAt: world.now + minutes * MINUTE });
    await world.pass(HOUR);
    expect(startsOf(world).map(([message]) => message)).toEqual([2, 3, 1]);
  });

  test("is not sent when its payload has been deleted meanwhile", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a", 200);
    const [seq] = await world.send(endpoint, 1, { deliverAt: world.now + HOUR });
    await world.expunge(seq!);
    await world.pass(2 * HOUR);
    expect(world.starts).toHaveLength(0);
  });

  test("does not count as overdue while its instant has not come", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a", 200);
    await world.send(endpoint, 1, { deliverAt: world.now + HOUR });
    await world.pass(MINUTE);
    expect(world.engine.oldestDueAt()).toBeNull();
  });
});
