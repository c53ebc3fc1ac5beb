import { describe, expect, test } from "bun:test";
import type { Seq } from "../../../../src/core/id.ts";
import { type DeadLetterFilter, type Dropped, LeaseLost } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import { NEWEST_FIRST } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";
import { passes, sendDeadLetters } from "../history/dead-letters.ts";
import { addTask } from "../housekeeping/tasks.ts";

/** Drops dead letters in one step of a task, and checks that the same commit stores the task. */
async function dropStep(world: Furnished, filter: DeadLetterFilter, after: Seq, limit: number): Promise<Dropped> {
  const task = await addTask(world);
  const progress = (dropped: Dropped) => ({ ...task, data: { ...dropped } });
  const result = await world.store.queue.dropStep(filter, { after, limit }, world.now, progress);
  const stored = await world.store.housekeeping.tasks.get(world.environment.seq, task.seq);
  expect(stored).toEqual({ ...task, data: { ...result } });
  return result;
}

export function dropSuite(open: Open): void {
  describe("drop", () => {
    test("`drop` cancels the dead letters that match the filter, up to the limit", async () => {
      await using world = await Furnished.open(open);
      const letters = await sendDeadLetters(world);
      const filter = { environmentSeq: world.environment.seq, endpointSeq: world.endpoint.seq };
      const wanted = letters.filter((letter) => passes(letter, filter));
      expect(await world.store.queue.drop(filter, 4)).toBe(4);
      expect(await world.store.queue.drop(filter, 4)).toBe(wanted.length - 4);
      expect(await world.store.queue.drop(filter, 4)).toBe(0);
      await world.reopen();
      const { rows } = await world.store.history.deadLetters.list(
        { environmentSeq: world.environment.seq },
        NEWEST_FIRST,
      );
      expect(rows).toEqual(letters.filter((letter) => !passes(letter, filter)));
      expect(await world.delivery(wanted[0]!.messageSeq)).toMatchObject({ state: "cancelled" });
    });

    test("`dropStep` cancels the dead letters that match the filter, oldest first, in steps", async () => {
      await using world = await Furnished.open(open);
      const letters = await sendDeadLetters(world);
      const filter = { environmentSeq: world.environment.seq, endpointSeq: world.endpoint.seq };
      const wanted = letters.filter((letter) => passes(letter, filter));
      const first = await dropStep(world, filter, 0, 4);
      expect(first.dropped).toBe(4);
      const rest = await dropStep(world, filter, first.last!, 1000);
      expect(rest).toEqual({ dropped: wanted.length - 4, last: null });
      await world.reopen();
      const { rows } = await world.store.history.deadLetters.list(
        { environmentSeq: world.environment.seq },
        NEWEST_FIRST,
      );
      expect(rows).toEqual(letters.filter((letter) => !passes(letter, filter)));
    });

    test("`dropStep` changes nothing if its task has been cancelled", async () => {
      await using world = await Furnished.open(open);
      const letters = await sendDeadLetters(world);
      const filter = { environmentSeq: world.environment.seq };
      const task = await addTask(world);
      await world.store.housekeeping.tasks.cancel(world.environment.seq, task.seq, world.now);
      const range = { after: 0, limit: 1000 };
      await expect(world.store.queue.dropStep(filter, range, world.now, () => task)).rejects.toThrow(LeaseLost);
      expect((await world.store.history.deadLetters.list(filter, NEWEST_FIRST)).rows).toEqual(letters);
    });
  });
}
