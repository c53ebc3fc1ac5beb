import { describe, expect, test } from "bun:test";
import { bytes, DAY_MS, Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function pruneSuite(open: Open): void {
  describe("prune", () => {
    test("pruning deletes only messages accepted before the given time, with their deliveries and attempts", async () => {
      await using world = await Furnished.open(open);
      const old = await world.sendDead({ eventId: "event-1" });
      world.now += DAY_MS;
      const young = await world.sendDead();
      expect(await world.store.housekeeping.prune(world.now, world.now, 100)).toMatchObject({ deleted: 3 });
      await world.reopen();
      expect(await world.store.history.messages.get(old.seq)).toBeNull();
      expect(await world.store.history.messages.deliveries(old.seq)).toEqual([]);
      expect(await world.store.history.messages.get(young.seq)).not.toBeNull();
      expect(await world.delivery(young.seq)).toMatchObject({ state: "dead" });
      const { rows } = await world.store.history.attempts.ofEndpoint(
        world.endpoint.seq,
        {},
        { limit: 10, from: null, backwards: false, order: "descending" },
        false,
      );
      expect(rows.map(({ messageSeq }) => messageSeq)).toEqual([young.seq]);
    });

    test("pruning returns the number of deleted dead letters", async () => {
      await using world = await Furnished.open(open);
      await world.sendDead();
      await world.sendDead();
      world.now += DAY_MS;
      await world.sendDead();
      await world.store.housekeeping.prune(world.now, world.now, 100);
      expect(world.facts.filter(({ type }) => type === "deadletters.dropped")).toEqual([
        { type: "deadletters.dropped", environmentSeq: expect.any(Number), count: 2 },
      ]);
    });

    test("pruning frees the event ids of deleted messages", async () => {
      await using world = await Furnished.open(open);
      await world.send({ eventId: "event-1" }, []);
      world.now += DAY_MS;
      await world.store.housekeeping.prune(world.now, world.now, 100);
      await world.send({ eventId: "event-1" }, []);
    });

    test("pruning keeps a message and its payload while one of its deliveries is pending", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEndpoint();
      const message = await world.send({ payloadExpiresAt: world.now + 1 }, [world.endpoint.seq, other.seq]);
      await world.settle((await world.waiting())[0]!, { state: "delivered" });
      world.now += DAY_MS;
      expect(await world.store.housekeeping.prune(world.now, world.now, 100)).toMatchObject({ deleted: 0 });
      expect(await world.store.history.messages.get(message.seq)).toMatchObject({ payload: message.payload });
      await world.kill("timeout", other.seq);
      expect(await world.store.housekeeping.prune(world.now, world.now, 100)).toMatchObject({
        deleted: expect.any(Number),
      });
      expect(await world.store.history.messages.get(message.seq)).toBeNull();
    });

    test("pruning deletes expired payloads but keeps their messages", async () => {
      await using world = await Furnished.open(open);
      const [expired, kept] = [world.now + 1000, world.now + 1001];
      const one = await world.send({ payloadExpiresAt: expired }, []);
      const two = await world.send({ payloadExpiresAt: kept, payload: bytes("kept") }, []);
      expect(await world.store.housekeeping.prune(0, expired, 100)).toMatchObject({ deleted: 1 });
      expect(await world.store.history.messages.get(one.seq)).toMatchObject({
        payload: null,
        eventType: one.eventType,
      });
      expect(await world.store.history.messages.get(two.seq)).toMatchObject({ payload: bytes("kept") });
      expect(await world.store.housekeeping.prune(0, expired, 100)).toMatchObject({ deleted: 0 });
    });

    test("pruning deletes expired results of idempotency keys", async () => {
      await using world = await Furnished.open(open);
      const put = (fill: number, expiresAt: number) =>
        world.store.queue.idempotency.put(
          { key: new Uint8Array(32).fill(fill), expiresAt, bodyHash: null },
          { kind: "text", status: 200, body: "" },
          world.now,
        );
      // An expired key may be kept for up to a minute.
      await put(1, world.now - 60_000);
      await put(2, world.now + 1);
      expect(await world.store.housekeeping.prune(0, world.now, 100)).toMatchObject({ deleted: 1 });
      expect(await world.store.queue.idempotency.get(new Uint8Array(32).fill(2), world.now)).not.toBeNull();
    });

    test("pruning deletes a limited number of rows per call, oldest first, until none is left", async () => {
      await using world = await Furnished.open(open);
      const messages = await Promise.all([1, 2, 3, 4, 5].map(() => world.send({}, [])));
      world.now += DAY_MS;
      const left = async () =>
        (await Promise.all(messages.map(({ seq }) => world.store.history.messages.get(seq)))).filter((m) => m !== null)
          .length;
      expect(await world.store.housekeeping.prune(world.now, world.now, 2)).toEqual({ deleted: 2, more: true });
      expect(await left()).toBe(3);
      expect(await world.store.history.messages.get(messages[0]!.seq)).toBeNull();
      expect(await world.store.housekeeping.prune(world.now, world.now, 2)).toEqual({ deleted: 2, more: true });
      expect(await world.store.housekeeping.prune(world.now, world.now, 2)).toEqual({ deleted: 1, more: false });
      expect(await world.store.housekeeping.prune(world.now, world.now, 2)).toEqual({ deleted: 0, more: false });
    });

    test("each pruning call skips a limited number of rows that it keeps, and later calls reach the rows behind them", async () => {
      await using world = await Furnished.open(open);
      await world.sendMany(5, { payloadExpiresAt: world.now });
      const free = await world.send({ payloadExpiresAt: world.now }, []);
      world.now += DAY_MS;
      const prune = () => world.store.housekeeping.prune(world.now, world.now, 2);
      expect([await prune(), await prune()]).toEqual([
        { deleted: 0, more: true },
        { deleted: 0, more: true },
      ]);
      expect(await world.store.history.messages.get(free.seq)).not.toBeNull();
      // The first call deletes the payload, the next one the message.
      expect(await prune()).toEqual({ deleted: 2, more: true });
      expect(await prune()).toEqual({ deleted: 0, more: false });
      expect(await world.store.history.messages.get(free.seq)).toBeNull();
    });

    test("a later pruning pass checks the rows that an earlier pass kept", async () => {
      await using world = await Furnished.open(open);
      const messages = await world.sendMany(5, { payloadExpiresAt: world.now + 1 });
      const expired = world.now + 1;
      const sweep = async () => {
        let deleted = 0;
        for (;;) {
          const pruned = await world.store.housekeeping.prune(0, expired, 2);
          deleted += pruned.deleted;
          if (!pruned.more) return deleted;
        }
      };
      expect(await sweep()).toBe(0);
      await world.kill();
      expect(await sweep()).toBe(messages.length);
    });
  });
}
