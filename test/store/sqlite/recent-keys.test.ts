import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { systemClock } from "../../../src/edge/clock.ts";
import { StoreUnavailable } from "../../../src/store/index.ts";
import { Committer } from "../../../src/store/sqlite/commit.ts";
import { migrate } from "../../../src/store/sqlite/migrations.ts";
import { type RecentKey, RecentKeys } from "../../../src/store/sqlite/recent-keys.ts";

const NOW = 1000;

const keyOf = (number: number) => createHash("sha256").update(String(number)).digest();
const entryOf = (number: number, expiresAt = 2000) => ({ key: keyOf(number), expiresAt, bodyHash: null });

/** Keys on a database in memory, with an index in memory. */
class World {
  readonly index = new Map<string, RecentKey>();
  isDiskFull = false;
  committer!: Committer;
  keys!: RecentKeys;

  constructor(
    readonly keysMax = 1000,
    readonly db = new Database(":memory:", { strict: true }),
  ) {
    migrate(db);
    this.open();
  }

  /** Opens the database as after a restart. */
  open(): void {
    this.committer = new Committer(
      this.db,
      systemClock,
      () => {},
      () => {
        if (this.isDiskFull) throw new StoreUnavailable("The disk is full.");
      },
    );
    const addToIndex = (key: RecentKey) => void this.index.set(Buffer.from(key.key).toString("hex"), key);
    this.keys = new RecentKeys(this.db, this.committer, addToIndex, this.keysMax);
  }

  /** Adds a key unless it is known, as the acceptance of a message does. */
  add(number: number): Promise<boolean> {
    return this.committer.write(() => this.addNow(number));
  }

  addNow(number: number): boolean {
    if (this.isKnown(number)) return false;
    this.keys.add(entryOf(number), number);
    return true;
  }

  isKnown(number: number): boolean {
    return this.keys.get(keyOf(number), NOW) !== null || this.index.has(keyOf(number).toString("hex"));
  }

  get rows(): number {
    return this.db.query<{ rows: number }, []>("SELECT count(*) AS rows FROM recent_key").get()!.rows;
  }

  /** Waits until at most this many rows have not been moved to the index. */
  async moved(rowsMax: number): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (this.rows > rowsMax) {
      if (performance.now() > deadline) throw new Error(`Rows are left that were not moved: ${this.rows}.`);
      // Each commit may begin to move keys.
      await this.committer.write(() => {});
    }
  }
}

describe("recent keys", () => {
  test("a key is known with its message until it expires, also after a restart", async () => {
    const world = new World();
    await world.committer.write(() => world.keys.add({ ...entryOf(7), bodyHash: keyOf(1) }, 7));
    for (let life = 0; life < 2; life++) {
      expect(world.keys.get(keyOf(7), 1999)).toMatchObject({ messageSeq: 7, expiresAt: 2000 });
      expect(Buffer.from(world.keys.get(keyOf(7), 1999)!.bodyHash!)).toEqual(keyOf(1));
      expect([world.keys.get(keyOf(7), 2000), world.keys.get(keyOf(8), 0)]).toEqual([null, null]);
      world.open();
    }
  });

  test("a key that has expired may be added again", async () => {
    const world = new World();
    await world.committer.write(() => world.keys.add(entryOf(7, 500), 7));
    await world.committer.write(() => world.keys.add({ ...entryOf(7), expiresAt: 3000 }, 8));
    expect(world.keys.get(keyOf(7), NOW)).toMatchObject({ messageSeq: 8 });
    world.open();
    expect(world.keys.get(keyOf(7), NOW)).toMatchObject({ messageSeq: 8 });
  });

  test("the keys of a transaction that is not committed are not known, and may be added again", async () => {
    const world = new World();
    await world.add(1);
    world.isDiskFull = true;
    const results = await Promise.allSettled([world.add(2), world.add(3)]);
    world.isDiskFull = false;
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect([1, 2, 3].map((number) => world.isKnown(number))).toEqual([true, false, false]);
    expect(await world.add(2)).toBe(true);
    expect(world.rows).toBe(2);
  });

  test("a write that fails alone takes back only its own keys", async () => {
    const world = new World();
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
    expect([1, 2, 3].map((number) => world.isKnown(number))).toEqual([true, false, true]);
  });

  test("when there are many keys, all are moved to the index, and none is ever unknown", async () => {
    const world = new World(50);
    for (let from = 0; from < 400; from += 20) {
      const numbers = Array.from({ length: 20 }, (_, i) => from + i);
      expect(await Promise.all(numbers.map((number) => world.add(number)))).not.toContain(false);
      const known = Array.from({ length: from + 20 }, (_, number) => world.isKnown(number));
      expect(known).not.toContain(false);
    }
    await world.moved(49);
    expect(world.index.size).toBeGreaterThanOrEqual(400 - 49);
    for (const { key, messageSeq } of world.index.values()) expect(Buffer.from(key)).toEqual(keyOf(messageSeq));
    world.open();
    expect(Array.from({ length: 400 }, (_, number) => world.isKnown(number))).not.toContain(false);
  });

  test("a move that a full disk interrupts is continued by a later commit", async () => {
    const world = new World(50);
    await Promise.all(Array.from({ length: 60 }, (_, number) => world.add(number)));
    world.isDiskFull = true;
    const failed = await world.add(60).catch((error: unknown) => error);
    world.isDiskFull = false;
    expect(failed).toBeInstanceOf(StoreUnavailable);
    expect(Array.from({ length: 60 }, (_, number) => world.isKnown(number))).not.toContain(false);
    await Promise.all(Array.from({ length: 60 }, (_, i) => world.add(100 + i)));
    await world.moved(49);
    expect(Array.from({ length: 60 }, (_, number) => world.isKnown(number))).not.toContain(false);
  });

  test("a move that a crash interrupts is repeated after the restart", async () => {
    const world = new World(50);
    await Promise.all(Array.from({ length: 60 }, (_, number) => world.add(number)));
    expect(world.index.size).toBeLessThan(60);
    world.committer.crash();
    world.open();
    expect(Array.from({ length: 60 }, (_, number) => world.isKnown(number))).not.toContain(false);
    await world.add(100);
    await world.moved(0);
    expect(world.index.size).toBe(61);
  });
});
