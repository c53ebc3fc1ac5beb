import { describe, expect, test } from "bun:test";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";
import { redrive } from "../queue/redrive.ts";

export function storeSuite(open: Open): void {
  describe("store", () => {
    test("the store keeps the seed of its ids across a restart", async () => {
      await using world = await Furnished.open(open);
      const { idSeed } = world.store;
      expect(idSeed).toHaveLength(4);
      expect(new Set(idSeed).size).toBeGreaterThan(1);
      await world.reopen();
      expect(world.store.idSeed).toEqual(idSeed);
    });

    test("after a restart, the store's numbers continue soon after the greatest one that any object uses", async () => {
      await using world = await Furnished.open(open);
      world.useStoreNumbers();
      const steps: Array<() => Promise<unknown>> = [
        () => world.addEnvironment("new"),
        () => world.addApplication(),
        () => world.addEndpoint(),
        () => world.store.configuration.eventTypes.create(world.newEventType()),
        () => world.send({}, []),
        () => world.send(),
        () => world.kill(),
      ];
      for (const step of steps) {
        await step();
        const { last } = world.seqs;
        await world.reopen();
        const skipped = world.store.numbers.last - last;
        expect(skipped).toBeGreaterThanOrEqual(0);
        expect(skipped).toBeLessThan(10_000);
      }
    });

    test("no two processes get the same number", async () => {
      await using world = await Furnished.open(open);
      const stores = [world.store, await world.openBeside(), await world.openBeside()];
      const taken: number[] = [];
      for (let i = 0; i < 200; i++) {
        for (const { numbers } of stores) taken.push(numbers.next());
        if (i % 20 === 0) await Bun.sleep(1);
      }
      expect(new Set(taken).size).toBe(taken.length);
      for (const store of stores.slice(1)) await store.close();
    });

    test("after a restart, the store's last number is at least the greatest position of a resent or redriven delivery", async () => {
      await using world = await Furnished.open(open);
      world.useStoreNumbers();
      const { environment, endpoint } = world;
      const message = await world.send();
      const again: Array<(place: number) => Promise<unknown>> = [
        (position) => world.store.queue.resend(message.seq, endpoint.seq, { seq: position, position, now: world.now }),
        async (position) => {
          await world.kill();
          const filter = { environmentSeq: environment.seq };
          return redrive(world, filter, { after: 0, limit: 10 }, position);
        },
      ];
      for (const send of again) {
        const position = world.seqs.take(1000) + 999 * world.seqs.stride;
        await send(position);
        await world.reopen();
        expect(world.store.numbers.last).toBeGreaterThanOrEqual(position);
      }
    });

    test("closing the store commits queued writes, and later writes are refused", async () => {
      await using world = await Furnished.open(open);
      const message = world.newMessage();
      const { store } = world;
      const queued = store.queue.accept([message]);
      await store.close();
      await world.reopen();
      expect(await queued).toEqual([{ accepted: true }]);
      expect(await world.store.history.messages.get(message.seq)).not.toBeNull();
      await expect(store.queue.accept([world.newMessage()])).rejects.toBeInstanceOf(StoreUnavailable);
    });
  });

  describe("concurrent writes", () => {
    test("concurrent writes have separate results, and a failing write does not affect the others", async () => {
      await using world = await Furnished.open(open);
      const taken = await world.send();
      const applications = Array.from({ length: 5 }, (_, i) => world.newApplication({ uid: `app-${i % 3}` }));
      const results = await Promise.allSettled([
        ...applications.map((application) => world.store.configuration.applications.create(application)),
        world.store.queue.accept([{ ...world.newMessage(), seq: taken.seq }]),
        world.store.housekeeping.meta.set("name", "value"),
      ]);
      expect(results.map((result) => (result.status === "fulfilled" ? result.value : "failed"))).toEqual([
        true,
        true,
        true,
        false,
        false,
        "failed",
        undefined,
      ]);
      await world.reopen();
      expect(await world.store.housekeeping.meta.get("name")).toBe("value");
      expect(await world.store.configuration.applications.get(applications[2]!.seq)).toEqual(applications[2]!);
      expect(await world.store.configuration.applications.get(applications[3]!.seq)).toBeNull();
    });

    test("concurrent writes are applied in the order of their calls", async () => {
      await using world = await Furnished.open(open);
      const { meta, tasks } = world.store.housekeeping;
      await Promise.all([meta.set("name", "one"), meta.set("name", "two"), meta.set("name", "three")]);
      expect(await meta.get("name")).toBe("three");
      expect(await tasks.lease()).toEqual([]);
    });
  });
}
