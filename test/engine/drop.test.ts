import { describe, expect, test } from "bun:test";
import { startDrop } from "../../src/commands/dead-letters.ts";
import { ROOT } from "../support/actor.ts";
import { EngineWorld, HOUR, MINUTE, SECOND } from "../support/engine-world.ts";

/** Several steps of the task. */
const DEAD = 2600;

async function worldWithDead(count: number): Promise<EngineWorld> {
  const world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
  const endpoint = await world.endpoint("a.example", 500);
  await world.send(endpoint, count);
  await world.rest();
  return world;
}

function dropped(world: EngineWorld): number {
  return world.factsOf("deadletters.dropped").reduce((sum, { count }) => sum + count, 0);
}

const dead = async (world: EngineWorld) => {
  const filter = { environmentSeq: world.environmentSeq };
  const groups = await world.do(() => world.store.history.deadLetters.groups(filter));
  return groups.reduce((sum, { count }) => sum + count, 0);
};

describe("a drop of dead letters", () => {
  test("a drop continues after crashes, and counts each dead letter once", async () => {
    using world = await worldWithDead(DEAD);
    const { seq } = await world.do(() => startDrop(world.kernel, { environmentSeq: world.environmentSeq }, ROOT));
    const left: number[] = [];
    while ((await dead(world)) > 0) {
      left.push(await dead(world));
      await world.pass(21);
      await world.restart();
    }
    expect(left.length).toBeGreaterThan(2);
    await world.pass(SECOND);
    const task = await world.store.housekeeping.tasks.get(world.environmentSeq, seq);
    expect(task).toMatchObject({ status: "finished", data: { dropped: DEAD, total: DEAD } });
    expect(dropped(world)).toBe(DEAD);
  });

  test("a drop includes dead letters that died before the clock was set back", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 200, { paused: true });
    await world.send(endpoint, 20);
    await world.pass(MINUTE);
    await world.update(endpoint, { disabled: true });
    await world.pass(SECOND);
    world.stepClock(-HOUR);
    await world.do(() => startDrop(world.kernel, { environmentSeq: world.environmentSeq }, ROOT));
    await world.pass(MINUTE);
    expect(dropped(world)).toBe(20);
  });

  test("a drop leaves dead letters alone that died after it began, also across a crash", async () => {
    using world = await worldWithDead(DEAD);
    await world.do(() => startDrop(world.kernel, { environmentSeq: world.environmentSeq }, ROOT));
    const { endpoints } = world.store.configuration;
    const endpoint = (await endpoints.get((await endpoints.ever(world.applicationSeq))[0]!))!;
    await world.send(endpoint, 10);
    await world.restart();
    await world.rest();
    await world.pass(10 * SECOND);
    expect(await dead(world)).toBe(10);
  });
});
