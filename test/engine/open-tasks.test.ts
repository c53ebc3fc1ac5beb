import { describe, expect, test } from "bun:test";
import { redrive } from "../../src/commands/dead-letters.ts";
import { expungeApplication } from "../../src/commands/expunge.ts";
import { cancelTask } from "../../src/commands/tasks.ts";
import { Problem } from "../../src/core/problem.ts";
import { openTasksPerAppMax } from "../../src/deliver/tasks/open-tasks.ts";
import { StoreUnavailable, type Task } from "../../src/store/index.ts";
import { ROOT } from "../support/actor.ts";
import { EngineWorld } from "../support/engine-world.ts";

/** Tasks that wait use memory and rows, so a customer must not be able to start any number of them. */

const MORE = openTasksPerAppMax + 10;

/** Opens a world in which tasks wait, because a slow redrive has the only place. */
async function worldOfWaiting(): Promise<EngineWorld> {
  const world = await EngineWorld.open({ policy: { tasksMax: 1, tasksPerAppMax: 1, retryScheduleMs: [] } });
  const endpoint = await world.endpoint("a.example", 500);
  await world.send(endpoint, 2);
  await world.rest();
  await world.do(() => redrive(world.kernel, { environmentSeq: world.environmentSeq }, 0.0001, ROOT));
  return world;
}

const purge = (world: EngineWorld, seq = world.applicationSeq): Promise<Task> =>
  expungeApplication(world.kernel, { seq, environmentSeq: world.environmentSeq }, ROOT);

/** Starts purges at the same time. Returns their tasks and the errors of those that failed. */
async function purgeOften(world: EngineWorld, count: number) {
  const settled = await world.do(() => Promise.allSettled(Array.from({ length: count }, () => purge(world))));
  const started = settled.filter((result) => result.status === "fulfilled").map(({ value }) => value);
  const errors = settled.filter((result) => result.status === "rejected").map(({ reason }) => reason as unknown);
  return { started, errors };
}

async function runningPurges(world: EngineWorld): Promise<number> {
  const page = { limit: 1000, from: null, backwards: false, order: "ascending" } as const;
  const filter = { status: "running", kind: "application.purge_content" } as const;
  const list = world.store.housekeeping.tasks.list(world.environmentSeq, filter, page);
  return (await world.do(() => list)).rows.length;
}

describe("the number of tasks that have not ended", () => {
  test("tasks of an application beyond the maximum are refused with 429 and not stored, even if they start together", async () => {
    using world = await worldOfWaiting();
    const { started, errors } = await purgeOften(world, MORE);
    expect(started).toHaveLength(openTasksPerAppMax);
    for (const error of errors) {
      expect(error).toBeInstanceOf(Problem);
      expect(error).toMatchObject({ status: 429, code: "too_many_tasks", retry: expect.any(Number) });
    }
    expect(await runningPurges(world)).toBe(openTasksPerAppMax);
  });

  test("the waiting tasks of one application do not prevent tasks of another", async () => {
    using world = await worldOfWaiting();
    await purgeOften(world, MORE);
    expect((await world.do(() => purge(world, 12_345))).status).toBe("running");
  });

  test("an application can start another task after one of its tasks was cancelled", async () => {
    using world = await worldOfWaiting();
    const { started } = await purgeOften(world, MORE);
    await world.do(() => cancelTask(world.kernel, world.environmentSeq, started[5]!.seq));
    const { started: others } = await purgeOften(world, 2);
    expect(others).toHaveLength(1);
  });

  test("tasks that have ended do not count", async () => {
    using world = await EngineWorld.open();
    for (let round = 0; round < 3; round++) {
      expect((await purgeOften(world, openTasksPerAppMax)).errors).toEqual([]);
      await world.rest();
    }
  });

  test("tasks that could not be stored do not count", async () => {
    using world = await worldOfWaiting();
    world.isDiskFull = true;
    const { errors } = await purgeOften(world, openTasksPerAppMax);
    expect(errors).toHaveLength(openTasksPerAppMax);
    for (const error of errors) expect(error).toBeInstanceOf(StoreUnavailable);
    world.isDiskFull = false;
    expect((await purgeOften(world, MORE)).started).toHaveLength(openTasksPerAppMax);
  });

  test("tasks that continue after a restart still count", async () => {
    using world = await worldOfWaiting();
    await purgeOften(world, openTasksPerAppMax - 1);
    await world.restart();
    expect((await purgeOften(world, MORE)).started).toHaveLength(1);
  });
});
