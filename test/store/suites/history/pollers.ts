import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

const options = { onlyForward: true, consumersMax: 2, now: 1 };

export function pollersSuite(open: Open): void {
  describe("pollers", () => {
    test("each consumer of each sink keeps its cursor across restarts", async () => {
      await using world = await Furnished.open(open);
      const key = { applicationSeq: world.application.seq, sink: "mirror", consumer: "one" };
      expect(await world.store.history.pollers.cursor(key)).toBeNull();
      await world.store.history.pollers.move(key, 7, options);
      await world.reopen();
      expect(await world.store.history.pollers.cursor(key)).toBe(7);
      for (const other of [{ sink: "other" }, { consumer: "two" }, { applicationSeq: world.endpoint.seq }]) {
        expect(await world.store.history.pollers.cursor({ ...key, ...other })).toBeNull();
      }
    });

    test("the cursor of a poller moves backwards only if that is allowed", async () => {
      await using world = await Furnished.open(open);
      const key = { applicationSeq: world.application.seq, sink: "mirror", consumer: "one" };
      for (const [cursor, onlyForward, wanted] of [
        [7, true, 7],
        [5, true, 7],
        [9, true, 9],
        [3, false, 3],
      ] as const) {
        expect(await world.store.history.pollers.move(key, cursor, { ...options, onlyForward })).toBe(true);
        expect(await world.store.history.pollers.cursor(key)).toBe(wanted);
      }
    });

    test("the number of pollers per application is limited, and existing pollers still work at the limit", async () => {
      await using world = await Furnished.open(open);
      const keyOf = (consumer: string, applicationSeq = world.application.seq) => ({
        applicationSeq,
        sink: "mirror",
        consumer,
      });
      const move = (key: ReturnType<typeof keyOf>) => world.store.history.pollers.move(key, 1, options);
      expect([await move(keyOf("a")), await move(keyOf("b")), await move(keyOf("c"))]).toEqual([true, true, false]);
      expect(await move(keyOf("b"))).toBe(true);
      expect(await move(keyOf("c", (await world.addApplication()).seq))).toBe(true);
    });

    test("deleting an application deletes its pollers, even if a cursor is moved concurrently", async () => {
      await using world = await Furnished.open(open);
      const { pollers } = world.store.history;
      const { applications } = world.store.configuration;
      const keys = ["one", "two"].map((consumer) => ({
        applicationSeq: world.application.seq,
        sink: "mirror",
        consumer,
      }));
      await pollers.move(keys[0]!, 7, options);
      await Promise.all([
        applications.delete(world.application.seq, world.now),
        ...keys.map((key) => pollers.move(key, 8, options)),
      ]);
      expect(await Promise.all(keys.map((key) => pollers.cursor(key)))).toEqual([null, null]);
    });
  });
}
