import { describe, expect, test } from "bun:test";
import type { Seq } from "../../../../src/core/id.ts";
import type { Replayable, Resent } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";
import { everyState, replayOf } from "../history/replayable.ts";
import { addTask } from "../housekeeping/tasks.ts";

const NOTHING: Resent = { none: 0, pending: 0, delivered: 0, dead: 0, cancelled: 0 };

async function resend(world: Furnished, rows: readonly Replayable[]) {
  const task = await addTask(world);
  const first = world.seqs.take(Math.max(1, rows.length));
  const resent = await world.store.queue.resendAll(world.endpoint.seq, rows, { first, now: world.now }, (was) => ({
    ...task,
    data: { was },
  }));
  return { resent, first, task };
}

export function resendAllSuite(open: Open): void {
  describe("resendAll", () => {
    test("`resendAll` makes deliveries pending, each with its own position and a full retry schedule, and stores the task in the same commit", async () => {
      await using world = await Furnished.open(open);
      const messages = await world.sendMany(2);
      await world.kill();
      const missing = await world.send({}, []);
      world.now += 1000;
      const failed = (await world.store.history.replayable(replayOf(world, "failed"), 10)).rows;
      const none = (await world.store.history.replayable(replayOf(world, "missing"), 10)).rows;
      const { resent, first, task } = await resend(world, [...failed, ...none]);
      expect(resent).toEqual({ ...NOTHING, dead: 2, none: 1 });
      await world.reopen();
      const { stride } = world.store.numbers;
      expect(await world.waiting()).toEqual(
        [...messages, missing].map((message, i) => ({
          seq: message.deliveries[0]?.seq ?? first + 2 * stride,
          messageSeq: message.seq,
          endpointSeq: world.endpoint.seq,
          position: first + i * stride,
          dueAt: world.now,
          attempts: 0,
          round: i < 2 ? 1 : 0,
          trigger: "manual",
          batchSeq: null,
        })),
      );
      expect((await world.store.housekeeping.tasks.get(world.environment.seq, task.seq))?.data).toEqual({
        was: resent,
      });
    });

    test("`resendAll` changes nothing when it is repeated", async () => {
      await using world = await Furnished.open(open);
      await everyState(world);
      for (const which of ["failed", "missing", "sent"] as const) {
        const { rows } = await world.store.history.replayable(replayOf(world, which), 100);
        expect((await resend(world, rows)).resent).not.toEqual(NOTHING);
        const before = await world.waiting();
        world.now += 1;
        expect((await resend(world, rows)).resent).toEqual(NOTHING);
        expect((await world.store.history.replayable(replayOf(world, which), 100)).rows).toEqual([]);
        expect(await world.waiting()).toEqual(before);
      }
    });

    test("`resendAll` skips a delivery that succeeded after it was read", async () => {
      await using world = await Furnished.open(open);
      const { retried } = await everyState(world);
      const { rows } = await world.store.history.replayable(replayOf(world, "sent", { status: "retrying" }), 10);
      const [delivery] = (await world.waiting()).filter(({ messageSeq }) => messageSeq === retried.seq);
      await world.settle(delivery!, { state: "delivered" });
      expect((await resend(world, rows)).resent).toEqual(NOTHING);
      expect(await world.delivery(retried.seq)).toMatchObject({ state: "delivered" });
    });

    test("`resendAll` skips disabled and deleted endpoints, and expunged messages", async () => {
      const changes: ((world: Furnished, messageSeq: Seq) => Promise<unknown>)[] = [
        (world) => world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ disabled: true })),
        (world) => world.store.configuration.endpoints.delete(world.endpoint.seq, world.now),
        (world, messageSeq) => world.store.queue.expunge.message(messageSeq),
      ];
      for (const change of changes) {
        await using world = await Furnished.open(open);
        const dead = await world.sendDead();
        const missing = await world.send({}, []);
        const rows = [
          ...(await world.store.history.replayable(replayOf(world, "failed"), 10)).rows,
          ...(await world.store.history.replayable(replayOf(world, "missing"), 10)).rows,
        ];
        expect(rows).toHaveLength(2);
        for (const { seq } of [dead, missing]) await change(world, seq);
        expect((await resend(world, rows)).resent).toEqual(NOTHING);
        expect(await world.delivery(dead.seq)).toMatchObject({ state: "dead", reason: "status_5xx" });
      }
    });

    test("`resendAll` moves pending deliveries to the end of a parallel lane but keeps their positions in a FIFO lane", async () => {
      for (const ordering of ["parallel", "fifo"] as const) {
        await using world = await Furnished.open(open);
        await world.store.configuration.endpoints.update(world.endpoint.seq, () => ({ ordering }));
        const [first, second] = await world.sendMany(2);
        const [head] = await world.waiting();
        const { position } = head!;
        await world.settle(head!, { state: "pending", attempts: 1, dueAt: world.now + 5000, position });
        const { rows } = await world.store.history.replayable(replayOf(world, "failed"), 10);
        expect((await resend(world, rows)).resent).toEqual({ ...NOTHING, pending: 1 });
        const waiting = await world.waiting();
        expect(waiting.map(({ messageSeq }) => messageSeq)).toEqual(
          ordering === "fifo" ? [first!.seq, second!.seq] : [second!.seq, first!.seq],
        );
        const again = waiting.find(({ messageSeq }) => messageSeq === first!.seq);
        expect(again).toMatchObject({ dueAt: world.now, attempts: 0, round: 1 });
      }
    });
  });
}
