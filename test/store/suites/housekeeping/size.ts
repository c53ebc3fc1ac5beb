import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

/** A payload that a store does not compress. */
function incompressible(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}

export function sizeSuite(open: Open): void {
  describe("health of the store", () => {
    test("the store reports its size, which grows with the stored data", async () => {
      await using world = await Furnished.open(open);
      const bytes = async () => {
        const { databaseBytes, walBytes } = await world.store.housekeeping.size();
        return databaseBytes + (walBytes ?? 0);
      };
      const before = await bytes();
      expect(before).toBeGreaterThan(0);
      await world.sendMany(50, { payload: incompressible(20_000) });
      expect(await bytes()).toBeGreaterThan(before + 500_000);
    });

    test("the store states its engine, the version of its schema and whether commits are synced", async () => {
      await using world = await Furnished.open(open);
      expect(await world.store.housekeeping.about()).toEqual({
        engine: expect.stringMatching(/^\w+ \d+\.\d+/),
        schemaVersion: expect.any(Number),
        syncsCommits: expect.any(Boolean),
      });
    });

    test("the store responds to a ping", async () => {
      await using world = await Furnished.open(open);
      expect(await world.store.housekeeping.ping()).toBeUndefined();
    });

    test("a store that can be written and read is healthy", async () => {
      await using world = await Furnished.open(open);
      await world.send();
      expect(await world.store.housekeeping.health()).toEqual({ failing: false, damaged: false });
    });

    test("a new store enforces all rules of its schema", async () => {
      await using world = await Furnished.open(open);
      expect(await world.store.housekeeping.unenforcedRules()).toEqual([]);
    });

    test("the store reports the free space on its disk, unless the disk is that of a server", async () => {
      await using world = await Furnished.open(open);
      const diskFreeBytes = await world.store.housekeeping.diskFreeBytes();
      if (world.isRemote)
        expect([diskFreeBytes, (await world.store.housekeeping.size()).walBytes]).toEqual([null, null]);
      else expect(diskFreeBytes).toBeGreaterThan(0);
    });
  });
}
