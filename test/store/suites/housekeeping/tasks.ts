import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LeaseLost, type Task, type TaskFilter } from "../../../../src/store/index.ts";
import { EVERYTHING, Furnished } from "../../furnished.ts";
import { ALL, expectPages, optional } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";

const KINDS = ["dead-letter.redrive", "endpoint.recover"];
const STATUSES = ["running", "finished", "failed"] as const;

export function newTask(world: Furnished, change: Partial<Task> = {}): Task {
  return {
    seq: world.seqs.next(),
    environmentSeq: world.environment.seq,
    kind: "dead-letter.redrive",
    status: "running",
    data: { rate: 50, filter: { reason: "timeout" } },
    updatedAt: world.now,
    ...change,
  };
}

/** Stores a running task and returns it. */
export async function addTask(world: Furnished, change: Partial<Task> = {}): Promise<Task> {
  const task = newTask(world, change);
  await world.store.housekeeping.tasks.create(task);
  return task;
}

export function tasksSuite(open: Open): void {
  describe("tasks", () => {
    test("after a restart, tasks are found, but only in their own environment", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const task = newTask(world);
      await world.store.housekeeping.tasks.create(task);
      await world.reopen();
      expect(await world.store.housekeeping.tasks.get(world.environment.seq, task.seq)).toEqual(task);
      expect(await world.store.housekeeping.tasks.get(other.seq, task.seq)).toBeNull();
    });

    test("tasks are paged in both directions and both orders and filtered by status, kind and age", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      await world.store.housekeeping.tasks.create(newTask(world, { environmentSeq: other.seq }));
      const made: { readonly task: Task; readonly at: number }[] = [];
      for (let i = 0; i < 12; i++) {
        world.now += 1000;
        const task = newTask(world, { kind: KINDS[i % 2]!, status: STATUSES[i % 3]! });
        await world.store.housekeeping.tasks.create(task);
        made.push({ task, at: world.now });
      }
      const filters = optional<Required<TaskFilter>>({
        status: fc.constantFrom(...STATUSES),
        kind: fc.constantFrom(...KINDS, "other"),
        since: fc.constantFrom(...made.map(({ at }) => at)),
      });
      const passes = (task: Task, filter: TaskFilter) =>
        (filter.status ?? task.status) === task.status &&
        (filter.kind ?? task.kind) === task.kind &&
        task.updatedAt >= (filter.since ?? 0);
      const newestFirst = made.map(({ task }) => task).toReversed();
      await expectPages(newestFirst, filters, passes, (filter, page) =>
        world.store.housekeeping.tasks.list(world.environment.seq, filter, page),
      );
    });

    test("tasks are deleted after the retention period unless they are running", async () => {
      await using world = await Furnished.open(open);
      const [running, finished, failed] = STATUSES.map((status) => newTask(world, { status }));
      for (const task of [running!, finished!, failed!]) await world.store.housekeeping.tasks.create(task);
      world.now += 1000;
      const young = newTask(world, { status: "finished" });
      await world.store.housekeeping.tasks.create(young);
      expect(await world.store.housekeeping.prune(world.now, world.now, 100)).toMatchObject({ deleted: 2 });
      const { rows } = await world.store.housekeeping.tasks.list(world.environment.seq, {}, ALL);
      expect(rows).toEqual([running!, young]);
    });

    test("running tasks are returned oldest first until an update ends them", async () => {
      await using world = await Furnished.open(open);
      const tasks = [newTask(world), newTask(world), newTask(world)];
      for (const task of tasks) await world.store.housekeeping.tasks.create(task);
      const ended: Task = { ...tasks[1]!, status: "finished", data: { redriven: 3 }, updatedAt: world.now + 1 };
      await world.store.housekeeping.tasks.update(ended);
      expect(await world.store.housekeeping.tasks.lease()).toEqual([tasks[0]!, tasks[2]!]);
      expect(await world.store.housekeeping.tasks.get(world.environment.seq, ended.seq)).toEqual(ended);
    });

    test("a running task can be cancelled only once, and later updates of its progress are refused", async () => {
      await using world = await Furnished.open(open);
      const { tasks } = world.store.housekeeping;
      const other = await world.addEnvironment("other");
      const task = await addTask(world, { data: { redriven: 3 } });
      expect(await tasks.cancel(other.seq, task.seq, world.now)).toBeNull();
      expect(await tasks.cancel(world.environment.seq, task.seq + 1, world.now)).toBeNull();
      expect(await tasks.cancel(world.environment.seq, task.seq, world.now + 5)).toBe(true);
      const ended = { ...task, status: "failed", data: { redriven: 3, cancelled: true }, updatedAt: world.now + 5 };
      expect(await tasks.get(world.environment.seq, task.seq)).toEqual(ended as Task);
      expect(await tasks.cancel(world.environment.seq, task.seq, world.now + 6)).toBe(false);
      expect(await tasks.update(task).catch((error) => error)).toBeInstanceOf(LeaseLost);
      expect(await tasks.lease()).toEqual([]);
      await world.reopen();
      expect(await world.store.housekeeping.tasks.get(world.environment.seq, task.seq)).toEqual(ended as Task);
    });

    test("a running task is leased again after a restart, with its last stored progress", async () => {
      await using world = await Furnished.open(open);
      const task = await addTask(world);
      const after = { ...task, data: { redriven: 1 } };
      await world.store.housekeeping.tasks.update(after);
      await world.reopen();
      expect(await world.store.housekeeping.tasks.lease()).toEqual([after]);
      expect(await world.store.housekeeping.tasks.lease()).toEqual([after]);
      await world.store.housekeeping.tasks.update(task);
      expect(await world.store.housekeeping.tasks.get(world.environment.seq, task.seq)).toEqual(task);
    });

    test("if the progress of a step cannot be stored, the changes of the step are not stored either, and the step can be repeated", async () => {
      await using world = await Furnished.open(open);
      const mistake = new Error("planted");
      const task = await addTask(world);
      const order = {
        applicationSeq: world.application.seq,
        endpointSeq: world.endpoint.seq,
        which: "failed",
      } as const;
      const steps = [
        (progress: () => Task) =>
          world.store.queue.redrive({ environmentSeq: world.environment.seq }, { after: 0, limit: 10 }, at(), progress),
        async (progress: () => Task) => {
          const range = { from: 0, to: EVERYTHING, askedAt: world.now, now: world.now };
          const { rows } = await world.store.history.replayable({ ...order, ...range }, 10);
          return world.store.queue.resendAll(world.endpoint.seq, rows, at(), progress);
        },
        (progress: () => Task) =>
          world.store.queue.expunge.step(world.application.seq, { from: 0, to: EVERYTHING, limit: 10 }, progress),
      ];
      const at = () => ({ first: world.seqs.take(10), now: world.now });
      for (const [i, step] of steps.entries()) {
        const dead = await world.sendDead();
        const failing = step(() => {
          throw mistake;
        });
        expect(await failing.catch((error) => error)).toBe(mistake);
        expect(await world.delivery(dead.seq)).toMatchObject({ state: "dead" });
        expect(await world.store.history.messages.get(dead.seq)).toMatchObject({ payload: dead.payload });
        const after = { ...task, data: { step: i } };
        await step(() => after);
        await world.reopen();
        expect(await world.store.housekeeping.tasks.lease()).toEqual([after]);
        await world.kill();
      }
    });

    test("after a task has ended, its steps store neither progress nor changes", async () => {
      await using world = await Furnished.open(open);
      const { housekeeping, queue } = world.store;
      const ended = await addTask(world, { status: "finished" });
      const dead = await world.sendDead();
      const order = {
        applicationSeq: world.application.seq,
        endpointSeq: world.endpoint.seq,
        which: "failed",
      } as const;
      const { rows } = await world.store.history.replayable(
        { ...order, from: 0, to: EVERYTHING, askedAt: world.now, now: world.now },
        10,
      );
      const at = { first: world.seqs.take(10), now: world.now };
      const again = (): Task => ({ ...ended, status: "running", data: {} });
      const steps = [
        () => housekeeping.tasks.update(again()),
        () => housekeeping.tasks.update({ ...again(), seq: world.seqs.next() }),
        () => queue.redrive({ environmentSeq: world.environment.seq }, { after: 0, limit: 10 }, at, again),
        () => queue.resendAll(world.endpoint.seq, rows, at, again),
        () => queue.expunge.step(world.application.seq, { from: 0, to: EVERYTHING, limit: 10 }, again),
      ];
      expect(rows).toHaveLength(1);
      for (const step of steps) {
        expect(await step().catch((error) => error)).toBeInstanceOf(LeaseLost);
        expect(await world.waiting()).toEqual([]);
        expect(await world.delivery(dead.seq)).toMatchObject({ state: "dead", reason: "status_5xx" });
        expect(await world.store.history.messages.get(dead.seq)).toMatchObject({ payload: dead.payload });
        expect(await housekeeping.tasks.get(world.environment.seq, ended.seq)).toEqual(ended);
      }
    });
  });
}
