import { describe, expect, test } from "bun:test";
import { DAY_MS, Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function payloadLinksSuite(open: Open): void {
  describe("links to payloads", () => {
    test("a link can be used once, even after a restart", async () => {
      await using world = await Furnished.open(open);
      const [link, other] = [world.seqs.next(), world.seqs.next()];
      expect(await world.store.history.payloadLinks.isUsed(link)).toBe(false);
      expect(await world.store.history.payloadLinks.use(link)).toBe(true);
      await world.reopen();
      const { isUsed, use } = world.store.history.payloadLinks;
      expect(await isUsed(link)).toBe(true);
      expect(await use(link)).toBe(false);
      expect(await isUsed(other)).toBe(false);
    });

    test("only one of several concurrent uses of a link succeeds", async () => {
      await using world = await Furnished.open(open);
      const link = world.seqs.next();
      const { use } = world.store.history.payloadLinks;
      const results = await Promise.all([use(link), use(link), use(link)]);
      expect(results.filter((isFirst) => isFirst)).toHaveLength(1);
    });

    test("the use of a link is kept for 24 hours and then pruned", async () => {
      await using world = await Furnished.open(open);
      const link = world.seqs.next();
      await world.store.history.payloadLinks.use(link);
      const prune = () => world.store.housekeeping.prune(0, world.now, 100);
      world.now += DAY_MS - 1;
      await prune();
      expect(await world.store.history.payloadLinks.isUsed(link)).toBe(true);
      world.now += 1000;
      await prune();
      expect(await world.store.history.payloadLinks.isUsed(link)).toBe(false);
    });

    test("the number of a link that has been used is not generated again after a restart", async () => {
      await using world = await Furnished.open(open);
      const link = world.seqs.next() + 1_000_000;
      await world.store.history.payloadLinks.use(link);
      await world.reopen();
      expect(world.store.numbers.next()).toBeGreaterThan(link);
    });

    test("the key that signs links stays the same over restarts", async () => {
      await using world = await Furnished.open(open);
      const key = world.store.payloadLinkKey;
      expect(key).toMatch(/^[0-9a-f]{64}$/);
      await world.reopen();
      expect(world.store.payloadLinkKey).toBe(key);
    });
  });
}
