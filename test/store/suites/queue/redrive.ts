import { describe, expect, test } from "bun:test";
import type { Seq } from "../../../../src/core/id.ts";
import type { DeadLetterFilter, Redriven } from "../../../../src/store/index.ts";
import { bytes, Furnished } from "../../furnished.ts";
import { NEWEST_FIRST } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";
import { passes, sendDeadLetters } from "../history/dead-letters.ts";
import { addTask } from "../housekeeping/tasks.ts";

/** Redrives for a new task and stores the result as the task's `data`. */
export async function redrive(
  world: Furnished,
  filter: DeadLetterFilter,
  range: { readonly after: Seq; readonly limit: number },
  first: Seq = world.seqs.take(range.limit),
): Promise<Redriven> {
  const task = await addTask(world);
  const result = await world.store.queue.redrive(filter, range, { first, now: world.now }, (redriven) => ({
    ...task,
    data: { ...redriven },
  }));
  const stored = await world.store.housekeeping.tasks.get(world.environment.seq, task.seq);
  expect(stored).toEqual({ ...task, data: { ...result } });
  return result;
}

export function redriveSuite(open: Open): void {
  describe("redrive", () => {
    test("a redrive makes dead letters pending, oldest first, each with a full retry schedule and its own position", async () => {
      await using world = await Furnished.open(open);
      const messages = await world.sendMany(5);
      await world.kill();
      world.now += 1000;
      const filter = { environmentSeq: world.environment.seq };
      const first = world.seqs.take(3);
      const step = await redrive(world, filter, { after: 0, limit: 3 }, first);
      const seqs = messages.map(({ deliveries }) => deliveries[0]!.seq);
      expect(step).toEqual({ redriven: 3, endpoints: [world.endpoint.seq], last: seqs[2]! });
      await world.reopen();
      expect(await world.waiting()).toEqual(
        [0, 1, 2].map((i) => ({
          seq: seqs[i]!,
          messageSeq: messages[i]!.seq,
          endpointSeq: world.endpoint.seq,
          position: first + i * world.store.numbers.stride,
          dueAt: world.now,
          attempts: 0,
          round: 1,
          trigger: "manual",
          batchSeq: null,
        })),
      );
      const rest = await redrive(world, filter, { after: step.last!, limit: 3 });
      expect(rest).toEqual({ redriven: 2, endpoints: [world.endpoint.seq], last: null });
      expect(await world.store.history.deadLetters.groups(filter)).toEqual([]);
    });

    test("a redrive makes exactly those dead letters pending that match the filter", async () => {
      await using world = await Furnished.open(open);
      const letters = await sendDeadLetters(world);
      const chosen = { reason: "timeout" as const, eventTypes: ["order.sent"] };
      const wanted = letters.filter((letter) => passes(letter, chosen));
      const filter = { environmentSeq: world.environment.seq, ...chosen };
      const { redriven, last } = await redrive(world, filter, { after: 0, limit: 100 });
      expect({ redriven, last }).toEqual({ redriven: wanted.length, last: null });
      expect(wanted.length).toBeGreaterThan(0);
      const { rows } = await world.store.history.deadLetters.list(
        { environmentSeq: world.environment.seq },
        NEWEST_FIRST,
      );
      expect(rows).toEqual(letters.filter((letter) => !passes(letter, chosen)));
    });

    test("a redrive skips dead letters whose endpoint is disabled or whose application, endpoint or payload is deleted", async () => {
      await using world = await Furnished.open(open);
      const deleted = await world.addEndpoint();
      const otherApplication = await world.addApplication();
      const orphan = await world.addEndpoint({ applicationSeq: otherApplication.seq });
      await world.sendDead({}, { endpointSeq: deleted.seq });
      await world.sendDead({ applicationSeq: otherApplication.seq }, { endpointSeq: orphan.seq });
      const disabled = await world.addEndpoint();
      await world.sendDead({}, { endpointSeq: disabled.seq });
      const expunged = await world.sendDead();
      const fit = await world.sendDead({ payload: bytes("fit") });
      await world.store.configuration.endpoints.delete(deleted.seq, world.now);
      await world.store.configuration.applications.delete(otherApplication.seq, world.now);
      await world.store.configuration.endpoints.update(disabled.seq, () => ({ disabled: true }));
      await world.store.queue.expunge.message(expunged.seq);
      const filter = { environmentSeq: world.environment.seq };
      const total = (groups: readonly { count: number }[]) => groups.reduce((sum, { count }) => sum + count, 0);
      expect(total(await world.store.history.deadLetters.redrivable(filter))).toBe(1);
      expect(total(await world.store.history.deadLetters.groups(filter))).toBe(5);
      const result = await redrive(world, filter, { after: 0, limit: 2 });
      expect(result).toMatchObject({ redriven: 1, last: null });
      expect((await world.waiting()).map(({ messageSeq }) => messageSeq)).toEqual([fit.seq]);
      const { rows } = await world.store.history.deadLetters.list(
        { ...filter, endpointSeq: disabled.seq },
        NEWEST_FIRST,
      );
      expect(rows.map(({ reason }) => reason)).toEqual(["status_5xx"]);
    });

    test("a redrive includes dead letters of a paused endpoint, which gets them when it is resumed", async () => {
      await using world = await Furnished.open(open);
      await world.sendDead();
      await world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ paused: true }));
      const filter = { environmentSeq: world.environment.seq };
      expect(await world.store.history.deadLetters.redrivable(filter)).toMatchObject([{ count: 1 }]);
      const { redriven } = await redrive(world, filter, { after: 0, limit: 2 });
      expect(redriven).toBe(1);
    });
  });
}
