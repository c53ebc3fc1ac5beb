import { describe, expect, test } from "bun:test";
import type { Seq } from "../../../../src/core/id.ts";
import type { PendingDelivery } from "../../../../src/store/index.ts";
import { DAY_MS, Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function hastenSuite(open: Open): void {
  describe("hasten", () => {
    /** Makes a delivery wait for a retry that is due in a day. */
    async function delay(world: Furnished, { seq, endpointSeq, messageSeq, round, attempts }: PendingDelivery) {
      const dueAt = world.now + DAY_MS;
      const next = { state: "pending", attempts: attempts + 1, dueAt, position: seq + 1_000_000 } as const;
      await world.settle({ seq, endpointSeq, messageSeq, round }, next);
    }

    const dueTimes = async (world: Furnished, endpointSeq?: Seq) =>
      (await world.waiting(endpointSeq)).map(({ messageSeq, dueAt }) => ({ messageSeq, dueAt }));

    test("`hasten` makes waiting retries due and puts them in the order of their messages", async () => {
      await using world = await Furnished.open(open);
      const messages = await world.sendMany(4);
      const lane = await world.waiting();
      for (const index of [2, 0, 1]) await delay(world, lane[index]!);
      const now = world.now + 1;
      const range = { after: 0, limit: 10 };
      expect(await world.store.queue.hasten(world.endpoint.seq, range, now)).toEqual({
        first: lane[0]!.position,
        last: null,
      });
      await world.reopen();
      const hastened = messages.slice(0, 3).map(({ seq }) => ({ messageSeq: seq, dueAt: now }));
      expect(await dueTimes(world)).toEqual([...hastened, { messageSeq: messages[3]!.seq, dueAt: world.now }]);
    });

    test("`hasten` works in steps, each of which continues after the last message of the one before", async () => {
      await using world = await Furnished.open(open);
      const messages = await world.sendMany(5);
      for (const delivery of await world.waiting()) await delay(world, delivery);
      const steps: (Seq | null)[] = [];
      for (let after: Seq | null = 0; after !== null; ) {
        const step = await world.store.queue.hasten(world.endpoint.seq, { after, limit: 2 }, world.now);
        steps.push(step.last);
        after = step.last;
      }
      expect(steps).toEqual([messages[1]!.seq, messages[3]!.seq, null]);
      expect((await dueTimes(world)).map(({ dueAt }) => dueAt)).toEqual(messages.map(() => world.now));
    });

    test("in a fifo lane, a hastened delivery keeps its position", async () => {
      await using world = await Furnished.open(open);
      const fifo = await world.addEndpoint({ ordering: "fifo" });
      await world.send({}, [fifo.seq]);
      const [delivery] = await world.waiting(fifo.seq);
      await delay(world, delivery!);
      const { first } = await world.store.queue.hasten(fifo.seq, { after: 0, limit: 10 }, world.now);
      expect(first).toBe(delivery!.position);
      expect(await world.waiting(fifo.seq)).toMatchObject([{ position: delivery!.position, dueAt: world.now }]);
    });

    test("`hasten` affects neither scheduled messages, nor due retries, nor ended deliveries, nor other lanes", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      await world.send({ deliverAt: world.now + DAY_MS });
      await world.sendMany(2);
      await world.send({}, [other.seq]);
      const [due, ended] = await world.waiting();
      const next = { state: "pending", attempts: 1, dueAt: world.now - 5, position: due!.position } as const;
      await world.settle(due!, next);
      await world.settle(ended!, { state: "delivered" });
      await delay(world, (await world.waiting(other.seq))[0]!);
      const before = [await dueTimes(world), await dueTimes(world, other.seq)];
      const step = await world.store.queue.hasten(world.endpoint.seq, { after: 0, limit: 10 }, world.now);
      expect(step).toEqual({ first: null, last: null });
      expect([await dueTimes(world), await dueTimes(world, other.seq)]).toEqual(before);
    });
  });
}
