import { describe, expect, test } from "bun:test";
import type { NewMessage } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

/** Functions that bring a delivery into each state. */
const arrange: Record<string, (world: Furnished) => Promise<unknown>> = {
  pending: async () => {},
  delivered: async (world) => world.settle((await world.waiting())[0]!, { state: "delivered" }),
  dead: (world) => world.kill(),
  cancelled: (world) => world.store.queue.bury(world.endpoint.seq, "cancelled", world.now, 10),
};

async function resend(world: Furnished, message: NewMessage) {
  const delivery = { seq: world.seqs.next(), position: world.seqs.next(), now: world.now };
  return { ...(await world.store.queue.resend(message.seq, world.endpoint.seq, delivery)), asked: delivery };
}

export function resendSuite(open: Open): void {
  describe("resend", () => {
    test.each(Object.keys(arrange))("a resend starts a new round of a delivery that is %s", async (state) => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      const deliverySeq = message.deliveries[0]!.seq;
      await arrange[state]!(world);
      world.now += 1000;
      const { asked, ...result } = await resend(world, message);
      expect(result).toEqual({ was: state as never, deliverySeq });
      await world.reopen();
      expect(await world.waiting()).toEqual([
        {
          seq: deliverySeq,
          messageSeq: message.seq,
          endpointSeq: world.endpoint.seq,
          position: asked.position,
          dueAt: world.now,
          attempts: 0,
          round: 1,
          trigger: "manual",
          batchSeq: null,
        },
      ]);
      expect(await world.delivery(message.seq)).toMatchObject({ state: "pending", reason: null });
    });

    test("resending to an endpoint that had no delivery of the message creates one", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send({}, []);
      const { asked, ...result } = await resend(world, message);
      expect(result).toEqual({ was: "none", deliverySeq: asked.seq });
      expect(await world.waiting()).toMatchObject([
        { seq: asked.seq, position: asked.position, round: 0, trigger: "manual" },
      ]);
    });

    test("a resend puts the delivery at the end of the lane", async () => {
      await using world = await Furnished.open(open);
      const [first, second] = await world.sendMany(2);
      await resend(world, first!);
      expect((await world.waiting()).map(({ messageSeq }) => messageSeq)).toEqual([second!.seq, first!.seq]);
    });

    test("after a resend, attempts are counted across all rounds", async () => {
      await using world = await Furnished.open(open);
      const message = await world.sendDead();
      await resend(world, message);
      await world.settle((await world.waiting())[0]!, { state: "delivered" });
      expect(await world.delivery(message.seq)).toMatchObject({ state: "delivered", attemptsTotal: 2 });
    });

    test("concurrent resends of a message create one delivery", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send({}, []);
      const results = await Promise.all([resend(world, message), resend(world, message)]);
      expect(results.map(({ was }) => was)).toEqual(["none", "pending"]);
      expect(results[1]!.deliverySeq).toBe(results[0]!.deliverySeq);
      expect(await world.waiting()).toHaveLength(1);
    });
  });
}
