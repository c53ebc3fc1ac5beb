import { describe, expect, test } from "bun:test";
import { type CancelledStep, type LaneCursor, LeaseLost } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";
import { addTask } from "../housekeeping/tasks.ts";

const START: LaneCursor = { position: 0, seq: 0 };

/** Does one step of a task, and checks that the same commit stores the task. */
async function step(world: Furnished, before: number, after: LaneCursor, limit: number): Promise<CancelledStep> {
  const task = await addTask(world);
  const progress = (result: CancelledStep) => ({ ...task, data: { ...result } });
  const range = { before, after, limit };
  const result = await world.store.queue.cancel.step(world.endpoint.seq, range, world.now, progress);
  const stored = await world.store.housekeeping.tasks.get(world.environment.seq, task.seq);
  expect(stored).toEqual({ ...task, data: { ...result } });
  return result;
}

const messagesOf = async (world: Furnished, endpointSeq?: number) =>
  (await world.waiting(endpointSeq)).map(({ messageSeq }) => messageSeq);

export function cancelSuite(open: Open): void {
  describe("cancel a message", () => {
    test("cancelling a message ends its pending deliveries, returns their endpoints and keeps the payload", async () => {
      await using world = await Furnished.open(open);
      const [second, third] = [await world.addEndpoint(), await world.addEndpoint()];
      const message = await world.send({}, [world.endpoint.seq, second.seq, third.seq]);
      const other = await world.send();
      await world.settle((await world.waiting())[0]!, { state: "delivered" });
      expect(await world.store.queue.cancel.message(message.seq, world.now)).toEqual([second.seq, third.seq]);
      expect(await world.store.queue.cancel.message(message.seq, world.now)).toEqual([]);
      await world.reopen();
      const states = (await world.store.history.messages.deliveries(message.seq)).map(({ state }) => state);
      expect(states).toEqual(["delivered", "cancelled", "cancelled"]);
      expect((await world.store.history.messages.get(message.seq))?.payload).toEqual(message.payload);
      expect(await messagesOf(world)).toEqual([other.seq]);
    });

    test("a dead letter is not cancelled with its message", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      await world.kill();
      expect(await world.store.queue.cancel.message(message.seq, world.now)).toEqual([]);
      expect(await world.delivery(message.seq)).toMatchObject({ state: "dead" });
    });

    test("an attempt that ends after its delivery was cancelled is stored, and the delivery stays cancelled", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      const [delivery] = await world.waiting();
      await world.store.queue.cancel.message(message.seq, world.now);
      expect(await world.settle(delivery!, { state: "delivered" })).toBe("stale");
      expect(await world.delivery(message.seq)).toMatchObject({ state: "cancelled" });
    });
  });

  describe("cancel the deliveries of an endpoint", () => {
    test("the steps of a cancellation end the deliveries of earlier messages of one endpoint, in lane order", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      const earlier = await world.sendMany(5);
      const beside = await world.send({}, [other.seq]);
      const later = await world.sendMany(2);
      const [first] = await world.waiting();
      await world.settle(first!, { state: "pending", attempts: 1, dueAt: world.now, position: world.seqs.next() });
      const before = later[0]!.seq;
      const begun = await step(world, before, START, 3);
      expect(begun.cancelled).toBe(3);
      expect(await messagesOf(world)).toEqual([earlier[4]!.seq, ...later.map(({ seq }) => seq), earlier[0]!.seq]);
      const continued = await step(world, before, begun.last!, 3);
      expect(continued.cancelled).toBe(1);
      expect(await step(world, before, continued.last!, 3)).toEqual({ cancelled: 1, last: null });
      await world.reopen();
      expect(await messagesOf(world)).toEqual(later.map(({ seq }) => seq));
      expect(await messagesOf(world, other.seq)).toEqual([beside.seq]);
      expect(await world.delivery(earlier[0]!.seq)).toMatchObject({ state: "cancelled" });
    });

    test("a step of a cancellation changes nothing if its task has been cancelled", async () => {
      await using world = await Furnished.open(open);
      const message = await world.send();
      const task = await addTask(world);
      await world.store.housekeeping.tasks.cancel(world.environment.seq, task.seq, world.now);
      const range = { before: message.seq + 1, after: START, limit: 10 };
      const stepping = world.store.queue.cancel.step(world.endpoint.seq, range, world.now, () => task);
      await expect(stepping).rejects.toThrow(LeaseLost);
      expect(await messagesOf(world)).toEqual([message.seq]);
    });
  });
}
