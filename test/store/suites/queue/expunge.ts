import { describe, expect, test } from "bun:test";
import type { Task } from "../../../../src/store/index.ts";
import { EVERYTHING, Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

async function payloadOf(world: Furnished, seq: number) {
  return (await world.store.history.messages.get(seq))?.payload ?? null;
}

export function expungeSuite(open: Open): void {
  describe("expunge a message", () => {
    test("expunging a message deletes its payload and cancels its pending deliveries", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      const message = await world.send({}, [world.endpoint.seq, other.seq]);
      await world.settle((await world.waiting())[0]!, { state: "delivered" });
      expect(await world.store.queue.expunge.message(message.seq)).toBe(1);
      expect(await world.store.queue.expunge.message(message.seq)).toBe(0);
      await world.reopen();
      expect(await world.store.history.messages.get(message.seq)).toMatchObject({
        payload: null,
        eventType: "order.paid",
      });
      const states = (await world.store.history.messages.deliveries(message.seq)).map(({ state }) => state);
      expect(states).toEqual(["delivered", "cancelled"]);
      expect(await world.waiting(other.seq)).toEqual([]);
    });
  });

  describe("expunge messages", () => {
    test("expunging several messages deletes their payloads, cancels pending deliveries and returns the existing messages", async () => {
      await using world = await Furnished.open(open);
      const second = await world.addEndpoint();
      const [both, named] = [
        await world.send({}, [world.endpoint.seq, second.seq]),
        await world.send({ eventId: "event-1" }),
      ];
      const kept = await world.send();
      const result = await world.store.queue.expunge.messages(world.application.seq, [
        { seq: both.seq },
        { uid: "event-1" },
        { uid: "nope" },
        { seq: 17 },
      ]);
      expect(result).toEqual({
        messages: 2,
        cancelled: 3,
        endpoints: [world.endpoint.seq, second.seq],
        found: [true, true, false, false],
      });
      await world.reopen();
      expect(await payloadOf(world, both.seq)).toBeNull();
      expect(await payloadOf(world, named.seq)).toBeNull();
      expect(await payloadOf(world, kept.seq)).toEqual(kept.payload);
      expect((await world.waiting()).map(({ messageSeq }) => messageSeq)).toEqual([kept.seq]);
    });

    test("expunging messages a second time returns them again and changes nothing", async () => {
      await using world = await Furnished.open(open);
      const { seq } = await world.send();
      await world.store.queue.expunge.messages(world.application.seq, [{ seq }]);
      expect(await world.store.queue.expunge.messages(world.application.seq, [{ seq }])).toEqual({
        messages: 0,
        cancelled: 0,
        endpoints: [],
        found: [true],
      });
    });

    test("expunging messages does not affect messages of another application", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addApplication();
      const message = await world.send({ eventId: "event-1" });
      const keys = [{ seq: message.seq }, { uid: "event-1" }];
      expect((await world.store.queue.expunge.messages(other.seq, keys)).found).toEqual([false, false]);
      expect(await payloadOf(world, message.seq)).toEqual(message.payload);
    });
  });

  describe("expunge an application", () => {
    test("expunging an application proceeds in steps and stores its progress with each step", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addApplication();
      const elsewhere = await world.send({ applicationSeq: other.seq }, []);
      const messages = await world.sendMany(5);
      const task: Task = {
        seq: world.seqs.next(),
        environmentSeq: world.environment.seq,
        kind: "application.purge_content",
        status: "running",
        data: {},
        updatedAt: world.now,
      };
      await world.store.housekeeping.tasks.create(task);
      const later = await world.send();
      const step = (from: number, to: number) =>
        world.store.queue.expunge.step(world.application.seq, { from, to, limit: 3 }, (expunged, last) => ({
          ...task,
          data: { messages: expunged.messages, last },
        }));
      const storedData = async () => (await world.store.housekeeping.tasks.get(world.environment.seq, task.seq))?.data;

      const third = messages[2]!.seq;
      expect(await step(0, task.seq)).toEqual({
        messages: 3,
        cancelled: 3,
        endpoints: [world.endpoint.seq],
        last: third,
      });
      await world.reopen();
      await world.store.housekeeping.tasks.lease();
      expect(await storedData()).toEqual({ messages: 3, last: third });
      expect(await step(third, task.seq)).toMatchObject({ messages: 2, last: null });
      expect(await step(0, EVERYTHING)).toMatchObject({ messages: 0, cancelled: 0, last: third });
      expect(await payloadOf(world, later.seq)).toEqual(later.payload);
      expect(await payloadOf(world, elsewhere.seq)).toEqual(elsewhere.payload);
    });
  });
}
