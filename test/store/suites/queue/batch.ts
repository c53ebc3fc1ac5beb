import { describe, expect, test } from "bun:test";
import type { PendingDelivery, Settlement } from "../../../../src/store/index.ts";
import { bytes, EVERYTHING, Furnished, LANE_START } from "../../furnished.ts";
import { ALL } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";
import { addTask } from "../housekeeping/tasks.ts";

const RETRY: Settlement["next"] = { state: "pending", attempts: 1, dueAt: 5, position: EVERYTHING - 1 };

/** A store whose endpoint has three pending deliveries, in a batch unless `isClosed` is false. */
async function batched(open: Open, { isClosed = true } = {}) {
  const world = await Furnished.open(open);
  await world.sendMany(3);
  const deliveries = await world.waiting();
  const batchSeq = world.seqs.next();
  if (isClosed) await world.store.queue.batch.close(batchSeq, deliveries);
  return { world, batchSeq, deliveries, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

function seqsOf(deliveries: ReadonlyArray<Pick<PendingDelivery, "seq">>): number[] {
  return deliveries.map(({ seq }) => seq);
}

export function batchSuite(open: Open): void {
  describe("batches", () => {
    test("`batch.due` returns the deliveries that `due` returns, with the sizes of their payloads", async () => {
      await using world = await Furnished.open(open);
      for (const text of ["{}", '{"a":"ü"}', "1"]) await world.send({ payload: bytes(text) });
      const gone = await world.send();
      const lane = [...(await world.waiting())];
      await world.store.queue.expunge.message(gone.seq);
      const { batch, due } = world.store.queue;
      const { seq } = world.endpoint;
      expect(await batch.due(seq, LANE_START, EVERYTHING, 10)).toEqual([
        { ...lane[0]!, payloadBytes: 2 },
        { ...lane[1]!, payloadBytes: 10 },
        { ...lane[2]!, payloadBytes: 1 },
      ]);
      for (const [after, upTo, limit] of [
        [lane[0]!, EVERYTHING, 1],
        [LANE_START, lane[1]!.position, 10],
      ] as const) {
        const rows = await batch.due(seq, after, upTo, limit);
        expect(seqsOf(rows)).toEqual(seqsOf(await due(seq, after, upTo, limit)));
      }
    });

    test("a batch keeps its members in the order of their messages, also after a restart", async () => {
      await using world = await Furnished.open(open);
      await world.sendMany(4);
      const lane = await world.waiting();
      const batchSeq = world.seqs.next();
      const wanted = [lane[2]!, lane[0]!];
      expect(await world.store.queue.batch.close(batchSeq, wanted)).toEqual(seqsOf(wanted));
      await world.reopen();
      const members = await world.store.queue.batch.members(batchSeq);
      expect(members).toEqual([lane[0]!, lane[2]!].map((delivery) => ({ ...delivery, batchSeq, payloadBytes: 14 })));
      expect((await world.waiting()).map((delivery) => delivery.batchSeq)).toEqual([batchSeq, null, batchSeq, null]);
    });

    test("closing a batch again returns the same members", async () => {
      await using batch = await batched(open);
      const { world, batchSeq, deliveries } = batch;
      expect(await world.store.queue.batch.close(batchSeq, deliveries)).toEqual(seqsOf(deliveries));
    });

    test("a delivery that has ended, is in another round or in another batch does not join a batch", async () => {
      await using batch = await batched(open, { isClosed: false });
      const { world, batchSeq, deliveries } = batch;
      const [ended, resent, taken] = deliveries as [PendingDelivery, PendingDelivery, PendingDelivery];
      await world.settle(ended, { state: "delivered" });
      const again = { seq: world.seqs.next(), position: world.seqs.next(), now: world.now };
      await world.store.queue.resend(resent.messageSeq, resent.endpointSeq, again);
      const other = world.seqs.next();
      await world.store.queue.batch.close(other, [taken]);
      expect(await world.store.queue.batch.close(batchSeq, deliveries)).toEqual([]);
      expect(await world.store.queue.batch.members(batchSeq)).toEqual([]);
      expect(seqsOf(await world.store.queue.batch.members(other))).toEqual([taken.seq]);
    });

    test("a failed attempt of the batch keeps its members, and an attempt of a member alone takes it out", async () => {
      await using batch = await batched(open);
      const { world, batchSeq, deliveries } = batch;
      const [first, alone, last] = deliveries as [PendingDelivery, PendingDelivery, PendingDelivery];
      await world.store.queue.settle([
        world.settlement(first, RETRY, { attempt: { batchSeq } }),
        world.settlement(alone, RETRY),
        world.settlement(last, RETRY, { attempt: { batchSeq } }),
      ]);
      const members = await world.store.queue.batch.members(batchSeq);
      expect(seqsOf(members)).toEqual([first.seq, last.seq]);
      expect(members).toMatchObject([{ attempts: 1 }, { attempts: 1 }]);
      expect((await world.waiting()).find(({ seq }) => seq === alone.seq)).toMatchObject({
        attempts: 1,
        batchSeq: null,
      });
    });

    test("an attempt has the batch in which the message was sent, in lists and alone", async () => {
      await using batch = await batched(open);
      const { world, batchSeq, deliveries } = batch;
      const [first, alone] = deliveries as [PendingDelivery, PendingDelivery];
      const sent = world.settlement(first, { state: "delivered" }, { attempt: { batchSeq } });
      await world.store.queue.settle([sent, world.settlement(alone, { state: "delivered" })]);
      const { attempts } = world.store.history;
      const { rows } = await attempts.ofEndpoint(world.endpoint.seq, {}, ALL, false);
      expect(rows.map((attempt) => attempt.batchSeq)).toEqual([batchSeq, null]);
      const inBatch = (endpointSeq: number) => attempts.ofEndpoint(endpointSeq, { batchSeq }, ALL, false);
      expect((await inBatch(world.endpoint.seq)).rows.map((attempt) => attempt.messageSeq)).toEqual([first.messageSeq]);
      expect((await inBatch((await world.addEndpoint()).seq)).rows).toEqual([]);
      expect(await attempts.get(first.messageSeq, sent.attempt.seq)).toMatchObject({ batchSeq });
    });

    test.each(["cancelled", "expunged", "buried"] as const)("a member that is %s leaves the batch", async (how) => {
      await using batch = await batched(open);
      const { world, batchSeq, deliveries } = batch;
      const [first, ...others] = deliveries;
      const { queue } = world.store;
      if (how === "cancelled") await queue.cancel.message(first!.messageSeq, world.now);
      else if (how === "expunged") await queue.expunge.message(first!.messageSeq);
      else await queue.bury(world.endpoint.seq, "cancelled", world.now, 1);
      expect(seqsOf(await queue.batch.members(batchSeq))).toEqual(seqsOf(others));
    });

    test("a member that is resent, redriven or replayed leaves the batch", async () => {
      await using batch = await batched(open);
      const { world, batchSeq, deliveries } = batch;
      const [resent, replayed, redriven] = deliveries as [PendingDelivery, PendingDelivery, PendingDelivery];
      const { queue } = world.store;
      const again = { seq: world.seqs.next(), position: world.seqs.next(), now: world.now };
      await queue.resend(resent.messageSeq, resent.endpointSeq, again);
      const task = await addTask(world);
      const delivery = { seq: replayed.seq, state: "pending", round: 0 } as const;
      const row = { messageSeq: replayed.messageSeq, eventType: "order.paid", channels: null, delivery };
      await queue.resendAll(world.endpoint.seq, [row], { first: world.seqs.next(), now: world.now }, () => task);
      await world.settle(redriven, { state: "dead", reason: "timeout" }, { attempt: { batchSeq } });
      const filter = { environmentSeq: world.environment.seq };
      await queue.redrive(filter, { after: 0, limit: 10 }, { first: world.seqs.next(), now: world.now }, () => task);
      expect(await queue.batch.members(batchSeq)).toEqual([]);
      const waiting = await world.waiting();
      expect(seqsOf(waiting).toSorted()).toEqual(seqsOf(deliveries).toSorted());
      expect(waiting.map((one) => [one.batchSeq, one.round])).toEqual(deliveries.map(() => [null, 1]));
    });

    test("no later number equals that of a batch, even if the clock has been set back", async () => {
      await using world = await Furnished.open(open);
      await world.sendMany(1);
      const batchSeq = world.store.numbers.next() + 1_000_000;
      await world.store.queue.batch.close(batchSeq, await world.waiting());
      await world.reopen();
      const { numbers } = world.store;
      const next = numbers.next();
      // Numbers that do not differ by a multiple of the stride never meet.
      const canMeet = (next - batchSeq) % numbers.stride === 0;
      expect({ next, isClear: !canMeet || next > batchSeq }).toEqual({ next, isClear: true });
    });
  });
}
