import { describe, expect, test } from "bun:test";
import type { Seq } from "../../src/core/id.ts";
import { PURGE, type PurgeData } from "../../src/deliver/tasks/purge.ts";
import type { Task } from "../../src/store/index.ts";
import { EngineWorld, SECOND } from "../support/engine-world.ts";

/** Number of messages of the world's application: so many that a purge needs several steps. */
const MESSAGES = 2000;

async function worldWith(policy: { tasksMax: number; tasksPerAppMax: number }): Promise<EngineWorld> {
  const world = await EngineWorld.open({ policy });
  await world.send(await world.endpoint("a.example", 200), MESSAGES);
  await world.rest();
  return world;
}

async function start(world: EngineWorld, data: object, kind = PURGE): Promise<Seq> {
  const { environmentSeq } = world;
  const seq = world.seqs.next();
  const task: Task = { seq, environmentSeq, kind, status: "running", data: { ...data }, updatedAt: world.now };
  await world.do(() => world.store.housekeeping.tasks.create(task));
  world.engine.startTask(task);
  return seq;
}

const purge = (world: EngineWorld, applicationSeq = world.applicationSeq) =>
  start(world, { applicationSeq, from: 0, messagesPurged: 0 } satisfies PurgeData);

/** Starts a redrive of a whole environment that takes hours. */
const endless = (world: EngineWorld) =>
  start(
    world,
    {
      filter: { environmentSeq: world.environmentSeq },
      rate: 0.0001,
      redriven: 0,
      after: 0,
      pace: { at: world.now, owed: 0 },
    },
    "dead-letter.redrive",
  );

const waiting = (world: EngineWorld, seqs: readonly Seq[]) => seqs.map((seq) => world.engine.isTaskWaiting(seq));

async function statusOf(world: EngineWorld, seq: Seq) {
  return (await world.store.housekeeping.tasks.get(world.environmentSeq, seq))!.status;
}

describe("limits of running tasks", () => {
  test("tasks beyond the maximum of their application wait, and start in order when others end", async () => {
    using world = await worldWith({ tasksMax: 8, tasksPerAppMax: 2 });
    const seqs: Seq[] = [];
    for (let i = 0; i < 5; i++) seqs.push(await purge(world));
    expect(waiting(world, seqs)).toEqual([false, false, true, true, true]);
    expect(world.engine.taskCounts()).toEqual({ running: 2, waiting: 3 });
    const [first, second, ...others] = seqs;
    while ((await statusOf(world, first!)) === "running" || (await statusOf(world, second!)) === "running") {
      await world.pass(1);
      expect(world.engine.isTaskWaiting(others[2]!)).toBe(true);
    }
    await world.rest();
    for (const seq of seqs) expect(await statusOf(world, seq)).toBe("finished");
    expect(waiting(world, seqs)).not.toContain(true);
    expect(world.engine.taskCounts()).toEqual({ running: 0, waiting: 0 });
  });

  test("waiting tasks of one application do not hold up the tasks of other applications", async () => {
    using world = await worldWith({ tasksMax: 8, tasksPerAppMax: 1 });
    const seqs = [await purge(world), await purge(world), await purge(world, 12_345)];
    // These two work on the whole environment, so they take no place of an application.
    seqs.push(await endless(world), await endless(world));
    expect(waiting(world, seqs)).toEqual([false, true, false, false, false]);
  });

  test("tasks beyond the overall maximum wait until another task ends", async () => {
    using world = await worldWith({ tasksMax: 2, tasksPerAppMax: 2 });
    const seqs = [await endless(world), await purge(world), await purge(world, 1), await purge(world, 2)];
    expect(waiting(world, seqs)).toEqual([false, false, true, true]);
    await world.pass(SECOND);
    for (const seq of seqs.slice(1)) expect(await statusOf(world, seq)).toBe("finished");
    expect(await statusOf(world, seqs[0]!)).toBe("running");
  });

  test("the limits also apply to tasks that continue after a restart", async () => {
    using world = await worldWith({ tasksMax: 8, tasksPerAppMax: 2 });
    const seqs: Seq[] = [];
    for (let i = 0; i < 5; i++) seqs.push(await purge(world));
    await world.restart();
    expect(waiting(world, seqs).filter((isWaiting) => isWaiting)).toHaveLength(3);
    await world.rest();
    for (const seq of seqs) expect(await statusOf(world, seq)).toBe("finished");
  });

  test("a stopped server starts no waiting task", async () => {
    using world = await worldWith({ tasksMax: 1, tasksPerAppMax: 1 });
    const seqs = [await purge(world), await purge(world)];
    await world.do(() => world.engine.stop());
    expect(await statusOf(world, seqs[1]!)).toBe("running");
    expect(waiting(world, seqs)).toEqual([false, true]);
  });
});
