import { describe, expect, test } from "bun:test";
import { EngineWorld, MINUTE } from "../support/engine-world.ts";

describe("what the engine counts for the metrics", () => {
  test("each lane is counted in its state, and the attempt under way as a delivery in memory", async () => {
    using world = await EngineWorld.open();
    const full = await world.endpoint("full.example", { status: 200, afterMs: MINUTE }, { concurrency: 1 });
    const retrying = await world.endpoint("retrying.example", 500);
    const done = await world.endpoint("done.example", 200);
    const paused = await world.endpoint("paused.example", 200);
    await world.send(full, 3);
    await world.send(retrying, 1);
    await world.send(done, 1);
    await world.update(paused, { paused: true });
    await world.send(paused, 2);
    await world.pass(1000);
    expect(world.engine.laneCounts()).toEqual({ idle: 1, ready: 0, reading: 0, parked: 1, full: 1, paused: 1 });
    // The others wait on the disk, because their lanes cannot start them.
    expect(world.engine.deliveriesInMemory).toBeWithin(1, 6);
    await world.update(paused, { paused: false });
    await world.rest();
    expect(world.engine.laneCounts()).toEqual({ idle: 4, ready: 0, reading: 0, parked: 0, full: 0, paused: 0 });
    expect(world.engine.deliveriesInMemory).toBe(0);
  });
});
