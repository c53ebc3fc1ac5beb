import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

const HOUR = 3_600_000;

export function functionSendsSuite(open: Open): void {
  describe("hopsOf", () => {
    test("a message that a function sends again is not stored again, even after a restart", async () => {
      await using world = await Furnished.open(open);
      const cause = await world.send();
      const deliverySeq = cause.deliveries[0]!.seq;
      const sentBy = { deliverySeq, number: 0, hops: 1 };
      const first = await world.send({ sentBy });
      await world.reopen();
      const again = world.newMessage({ sentBy }, [world.endpoint.seq]);
      expect(await world.store.queue.accept([again])).toEqual([
        { accepted: false, because: "idempotency", response: { kind: "message", messageSeq: first.seq } },
      ]);
      expect(await world.store.history.messages.get(again.seq)).toBeNull();
      await world.send({ sentBy: { ...sentBy, number: 1 } });
      await world.send({ sentBy: { ...sentBy, deliverySeq: first.deliveries[0]!.seq } });
    });

    test("`hopsOf` returns how many functions had a part in a message", async () => {
      await using world = await Furnished.open(open);
      const cause = await world.send();
      const deliverySeq = cause.deliveries[0]!.seq;
      const sent = await world.send({ sentBy: { deliverySeq, number: 0, hops: 3 } });
      expect(await world.store.queue.hopsOf(cause.seq)).toBe(0);
      expect(await world.store.queue.hopsOf(sent.seq)).toBe(3);
    });

    test("what a function has sent is forgotten with its delivery, and not before", async () => {
      await using world = await Furnished.open(open);
      const cause = await world.send();
      const deliverySeq = cause.deliveries[0]!.seq;
      const sent = await world.send({ sentBy: { deliverySeq, number: 0, hops: 1 } });
      const prune = () => world.store.housekeeping.prune(world.now + HOUR, world.now + HOUR, 100);
      await prune();
      expect(await world.store.queue.hopsOf(sent.seq)).toBe(1);
      const pending = (await world.waiting()).find(({ seq }) => seq === deliverySeq)!;
      await world.store.queue.settle([world.settlement(pending, { state: "delivered" })]);
      await prune();
      await prune();
      expect(await world.store.queue.hopsOf(sent.seq)).toBe(0);
    });
  });
}
