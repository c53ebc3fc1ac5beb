import { describe, expect, test } from "bun:test";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { numbersOf, testRollback } from "./index-world.ts";
import { EXPIRY, entryOf, KeysWorld, keyOf, NOW } from "./keys-world.ts";

describe("keys of messages", () => {
  test("a key is known with its message and its body's hash until it expires, also after a restart", async () => {
    const world = new KeysWorld();
    await world.committer.write(() => {
      world.addNow(7);
      world.keys.add({ ...entryOf(8), bodyHash: keyOf(1) }, 7);
    });
    for (let life = 0; life < 2; life++) {
      expect(world.keys.get(keyOf(7), EXPIRY - 1)).toEqual({ messageSeq: 7, expiresAt: EXPIRY, bodyHash: null });
      expect(Buffer.from(world.keys.get(keyOf(8), NOW)!.bodyHash!)).toEqual(keyOf(1).subarray(0, 8));
      expect([world.keys.get(keyOf(7), EXPIRY), world.keys.get(keyOf(9), 0)]).toEqual([null, null]);
      world.open();
    }
  });

  test("a key that has expired may be added again, in memory, in the log and on disk", async () => {
    const world = new KeysWorld(50);
    await world.add(7, NOW + 1);
    await world.addAll(100, 160);
    await world.moved(0);
    world.now += 10;
    expect(world.isKnown(7)).toBe(false);
    await world.add(7, EXPIRY);
    await world.addAll(200, 260);
    await world.moved(0);
    for (let life = 0; life < 2; life++) {
      expect(world.keys.get(keyOf(7), world.now)).toMatchObject({ messageSeq: 7, expiresAt: EXPIRY });
      world.open();
    }
  });

  testRollback("keys", () => new KeysWorld());

  test("a write that fails alone takes back only its own keys", async () => {
    const world = new KeysWorld();
    const failing = world.committer.write(() => {
      world.addNow(2);
      throw new Error("planted");
    });
    const results = await Promise.allSettled([world.add(1), failing, world.add(3), world.add(1)]);
    expect(results.map((result) => (result.status === "fulfilled" ? result.value : "failed"))).toEqual([
      true,
      "failed",
      true,
      false,
    ]);
    for (let life = 0; life < 2; life++) {
      expect(world.unknownOf(1, 4)).toEqual([2]);
      world.open();
    }
  });

  test("when there are many keys, all are moved to their ranges, and none is ever unknown", async () => {
    const world = new KeysWorld(500);
    for (let from = 0; from < 6000; from += 200) {
      expect(await world.addAll(from, from + 200)).not.toContain(false);
      expect(world.unknownOf(0, from + 200)).toEqual([]);
    }
    await world.moved(499);
    expect(world.count("range")).toBeGreaterThanOrEqual(6000 - 499);
    const largest = world.db.query<{ bytes: number }, []>("SELECT max(length(entries)) AS bytes FROM key_range").get()!;
    expect(largest.bytes).toBeLessThanOrEqual(96 * 40);
    world.open();
    expect(world.unknownOf(0, 6000)).toEqual([]);
    expect(world.unknownOf(6000, 6500)).toHaveLength(500);
  });

  test("keys are not compared by their first bytes alone", async () => {
    const world = new KeysWorld(10);
    const alike = (last: number) => Uint8Array.from({ length: 32 }, (_, i) => (i === 15 ? last : 7));
    const first = numbersOf(0, 100);
    for (const last of first) {
      await world.committer.write(() => {
        world.addNow(1000 + last);
        world.keys.add({ key: alike(last), expiresAt: EXPIRY, bodyHash: null }, 1000 + last);
      });
    }
    await world.moved(9);
    expect(first.map((last) => world.keys.get(alike(last), NOW)?.messageSeq)).toEqual(first.map((last) => 1000 + last));
    expect(world.keys.get(alike(200), NOW)).toBeNull();
  });

  test("a move that a full disk interrupts is continued by a later commit", async () => {
    const world = new KeysWorld(50);
    await world.addAll(0, 60);
    world.isDiskFull = true;
    const failed = await world.add(60).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(StoreUnavailable);
    world.isDiskFull = false;
    expect(world.unknownOf(0, 60)).toEqual([]);
    await world.addAll(100, 160);
    await world.moved(49);
    expect(world.unknownOf(0, 60)).toEqual([]);
    expect(world.unknownOf(100, 160)).toEqual([]);
  });

  test("a move that a crash interrupts is repeated after the restart", async () => {
    const world = new KeysWorld(50);
    await world.addAll(0, 60);
    expect(world.count("log")).toBe(60);
    world.committer.crash();
    world.open();
    expect(world.unknownOf(0, 60)).toEqual([]);
    await world.add(100);
    await world.moved(0);
    expect(world.count("range")).toBe(61);
  });

  test("pruning removes the expired keys of the ranges, and keeps the others", async () => {
    const world = new KeysWorld(50);
    await Promise.all(numbersOf(0, 3000).map((number) => world.add(number, number < 1000 ? NOW + 5 : EXPIRY)));
    await world.moved(0);
    world.now += 5;
    let deleted = 0;
    for (let more = true; more; ) {
      const pruned = await world.committer.write(() => world.keys.prune(world.now));
      deleted += pruned.deleted;
      more = pruned.more;
    }
    expect([deleted, world.count("range")]).toEqual([1000, 2000]);
    expect(world.unknownOf(0, 3000)).toEqual(numbersOf(0, 1000));
    expect(await world.addAll(0, 60)).not.toContain(false);
    await world.moved(0);
    expect(world.unknownOf(0, 60)).toEqual([]);
  });
});
