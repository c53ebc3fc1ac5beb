import { describe, expect, test } from "bun:test";
import type { MessageQuota, Quota } from "../../../../src/core/quota.ts";
import type { AcceptResult, NewMessage } from "../../../../src/store/index.ts";
import { bytes, DAY_MS, Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

const QUOTA: Quota = { endpoints: null, messagesPerDay: 3, storedBytes: 100 };
const TEN = bytes("0123456789");

async function limited(open: Open, quota: Quota = QUOTA): Promise<Furnished> {
  const world = await Furnished.open(open);
  await world.store.configuration.applications.update(world.application.seq, () => ({ quota }));
  return world;
}

async function accept(world: Furnished, change: Partial<NewMessage> = {}): Promise<AcceptResult> {
  const message = world.newMessage({ quota: QUOTA, payload: TEN, ...change });
  return (await world.store.queue.accept([message]))[0]!;
}

function count(world: Furnished): Promise<boolean> {
  return world.store.queue.usage.count(world.application.seq, world.now);
}

async function used(world: Furnished): Promise<readonly [messages: number, storedBytes: number] | null> {
  const { messages } = await world.store.queue.usage.read(world.application.seq, world.now);
  return messages && [messages.messages, messages.storedBytes];
}

const exceeded = (quota: keyof MessageQuota, limit: number, used: number) => ({
  accepted: false,
  because: "quota",
  exceeded: { quota, limit, used },
});

export function usageSuite(open: Open): void {
  describe("quota usage", () => {
    test("a message with a quota is refused as uncounted until the stored messages are counted", async () => {
      await using world = await limited(open);
      await world.send({ payload: TEN });
      expect(await accept(world)).toEqual({ accepted: false, because: "uncounted" });
      expect(await used(world)).toBeNull();
      expect(await count(world)).toBe(true);
      expect(await used(world)).toEqual([1, 10]);
      expect(await accept(world)).toEqual({ accepted: true });
      expect(await used(world)).toEqual([2, 20]);
      await world.reopen();
      expect(await used(world)).toEqual([2, 20]);
      expect(await count(world)).toBe(true);
      expect(await used(world)).toEqual([2, 20]);
    });

    test("messages of one commit cannot exceed the quota together", async () => {
      await using world = await limited(open);
      await count(world);
      const results = await Promise.all(Array.from({ length: 5 }, () => accept(world)));
      expect(results.map(({ accepted }) => accepted)).toEqual([true, true, true, false, false]);
      expect(results[4]).toMatchObject(exceeded("messagesPerDay", 3, 3));
      const { messages } = await world.store.queue.usage.read(world.application.seq, world.now);
      expect(messages).toMatchObject({ day: world.now / DAY_MS, messages: 3, storedBytes: 30 });
    });

    test("a payload that would exceed the stored bytes is refused, and a smaller one is stored", async () => {
      await using world = await limited(open);
      await count(world);
      expect(await accept(world, { payload: new Uint8Array(91) })).toEqual({ accepted: true });
      expect(await accept(world)).toMatchObject(exceeded("storedBytes", 100, 91));
      expect(await accept(world, { payload: new Uint8Array(9) })).toEqual({ accepted: true });
      expect(await used(world)).toEqual([2, 100]);
    });

    test("a repeated idempotency key or event id, a write that fails with others, and a refused message do not count", async () => {
      await using world = await limited(open);
      await count(world);
      const idempotency = { key: new Uint8Array(32), expiresAt: world.now + DAY_MS, bodyHash: null };
      expect(await accept(world, { idempotency, eventId: "one" })).toEqual({ accepted: true });
      expect(await accept(world, { idempotency })).toMatchObject({ because: "idempotency" });
      expect(await accept(world, { eventId: "one" })).toMatchObject({ because: "event-id" });
      const { applications } = world.store.configuration;
      const group = world.store.together(() => [
        accept(world),
        applications.update(world.application.seq, () => {
          throw new Error("the change is refused");
        }),
      ]);
      await expect(group).rejects.toThrow("the change is refused");
      expect(await used(world)).toEqual([1, 10]);
    });

    test("the messages of the day begin at 0 at midnight, and those stored before it do not count", async () => {
      await using world = await limited(open);
      await world.send({ payload: TEN });
      world.now += DAY_MS;
      await world.send({ payload: TEN });
      await count(world);
      expect(await used(world)).toEqual([1, 20]);
      await accept(world);
      await accept(world);
      expect(await accept(world)).toMatchObject(exceeded("messagesPerDay", 3, 3));
      world.now += DAY_MS;
      expect(await used(world)).toEqual([0, 40]);
      expect(await accept(world)).toEqual({ accepted: true });
      expect(await used(world)).toEqual([1, 50]);
    });

    test("setting the clock back over midnight does not begin the day again", async () => {
      await using world = await limited(open);
      await count(world);
      for (const _ of [1, 2, 3]) await accept(world);
      world.now -= 1;
      expect(await accept(world)).toMatchObject(exceeded("messagesPerDay", 3, 3));
      world.now += 1;
      expect(await accept(world)).toMatchObject(exceeded("messagesPerDay", 3, 3));
    });

    test("a count from a clock that was days ahead does not block the present day", async () => {
      await using world = await limited(open);
      await count(world);
      world.now += 100 * DAY_MS;
      for (const _ of [1, 2, 3]) await accept(world);
      world.now -= 100 * DAY_MS;
      expect(await used(world)).toEqual([0, 30]);
      expect(await accept(world)).toEqual({ accepted: true });
    });

    test("expunged, expired and pruned payloads give their bytes back, once each", async () => {
      await using world = await limited(open, { ...QUOTA, messagesPerDay: 100 });
      await count(world);
      const quota = { messagesPerDay: 100, storedBytes: 100 };
      const accepted = async (change: Partial<NewMessage> = {}) => {
        const message = world.newMessage({ payload: TEN, quota, ...change }, []);
        await world.store.queue.accept([message]);
        return message;
      };
      const [first, second] = [await accepted(), await accepted()];
      await accepted({ payloadExpiresAt: world.now + 1 });
      await accepted();
      await world.store.queue.expunge.message(first.seq);
      await world.store.queue.expunge.message(first.seq);
      await world.store.queue.expunge.messages(world.application.seq, [{ seq: second.seq }]);
      expect(await used(world)).toEqual([4, 20]);
      world.now += 2;
      await world.store.housekeeping.prune(0, world.now, 100);
      expect(await used(world)).toEqual([4, 10]);
      await world.store.housekeeping.prune(world.now, world.now, 100);
      expect(await used(world)).toEqual([4, 0]);
    });

    test("messages of other applications, and those without a quota, are not counted", async () => {
      await using world = await limited(open);
      await count(world);
      const other = await world.addApplication();
      await world.send({ applicationSeq: other.seq });
      expect(await used(world)).toEqual([0, 0]);
      expect(await world.store.queue.usage.read(other.seq, world.now)).toEqual({ endpoints: 0, messages: null });
      expect((await world.store.queue.usage.read(world.application.seq, world.now)).endpoints).toBe(1);
    });

    test("what was stored without a quota is counted before the next message with a quota", async () => {
      await using world = await limited(open);
      await count(world);
      await accept(world);
      const { applications } = world.store.configuration;
      await applications.update(world.application.seq, () => ({ quota: null }));
      expect(await used(world)).toBeNull();
      await world.send({ payload: TEN });
      await applications.update(world.application.seq, () => ({ quota: QUOTA }));
      expect(await accept(world)).toMatchObject({ because: "uncounted" });
      await count(world);
      expect(await used(world)).toEqual([2, 20]);
      await applications.update(world.application.seq, () => ({ quota: { ...QUOTA, messagesPerDay: 2 } }));
      expect(await used(world)).toEqual([2, 20]);
      await world.send({ payload: TEN });
      const uncounted = await world.send({ payload: TEN });
      expect(await accept(world)).toMatchObject({ because: "uncounted" });
      await world.store.queue.expunge.message(uncounted.seq);
      expect(await used(world)).toBeNull();
      await world.reopen();
      await count(world);
      expect(await used(world)).toEqual([4, 30]);
    });

    test.each(["application", "environment"])(
      "a deleted application is not counted when the %s was deleted",
      async (what) => {
        await using world = await limited(open);
        await count(world);
        const { applications, environments } = world.store.configuration;
        if (what === "application") await applications.delete(world.application.seq, world.now);
        else await environments.delete(world.environment.seq, world.now);
        expect(await used(world)).toBeNull();
        expect(await count(world)).toBe(false);
      },
    );

    test("thousands of stored messages are counted in steps, while others are stored and expunged", async () => {
      await using world = await limited(open);
      const stored = Array.from({ length: 4500 }, () => world.newMessage({ payload: TEN }, []));
      await world.store.queue.accept(stored);
      const counting = count(world);
      await world.store.queue.accept([world.newMessage({ payload: TEN }, [])]);
      const [first, last] = [stored[0]!, stored.at(-1)!];
      await world.store.queue.expunge.messages(world.application.seq, [{ seq: first.seq }, { seq: last.seq }]);
      expect(await counting).toBe(true);
      expect(await used(world)).toEqual([4501, 44_990]);
    });
  });
}
