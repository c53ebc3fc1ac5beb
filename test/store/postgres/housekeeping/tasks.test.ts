import { afterAll, describe, expect, test } from "bun:test";
import { LeaseLost } from "../../../../src/store/index.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { addTask } from "../../suites/housekeeping/tasks.ts";
import { closeSharedServer, openShared } from "../open.ts";

afterAll(closeSharedServer);

describe.skipIf(!hasPostgres)("tasks of instances that share a PostgreSQL database", () => {
  test("a task is leased by one process only, and by another one after the first has closed its store", async () => {
    await using shared = await openShared();
    const { world, other } = shared;
    const task = await addTask(world);
    expect(await other.housekeeping.tasks.lease()).toEqual([]);
    await world.store.close();
    expect(await other.housekeeping.tasks.lease()).toEqual([task]);
  });

  test("two processes that lease at the same time never get the same task", async () => {
    await using shared = await openShared();
    const { world, other } = shared;
    const stores = [other, await world.openBeside()];
    const tasks = [await addTask(world), await addTask(world), await addTask(world)];
    await world.store.close();
    const leased = await Promise.all(stores.map(({ housekeeping }) => housekeeping.tasks.lease()));
    expect(leased.flat().toSorted((a, b) => a.seq - b.seq)).toEqual(tasks);
    await stores[1]!.close();
  });

  test("the progress of a process whose task was taken over is refused, and that of the new owner is stored", async () => {
    await using shared = await openShared();
    const { world, other, sql } = shared;
    const task = await addTask(world);
    await sql`UPDATE instance SET expires_at = '-infinity' WHERE slot = 0`;
    expect(await other.housekeeping.tasks.lease()).toEqual([task]);
    const late = world.store.housekeeping.tasks.update({ ...task, data: { redriven: 1 } });
    expect(await late.catch((error) => error)).toBeInstanceOf(LeaseLost);
    const after = { ...task, data: { redriven: 2 } };
    await other.housekeeping.tasks.update(after);
    expect(await world.store.housekeeping.tasks.get(world.environment.seq, task.seq)).toEqual(after);
  });
});
