import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../../src/edge/clock.ts";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { ENTRY_BYTES_MIN } from "../../../../src/store/sqlite/keys/entry.ts";
import { moveEventIds } from "../../../../src/store/sqlite/keys/event-id-upgrade.ts";
import { EventIds, eventIdKey } from "../../../../src/store/sqlite/keys/event-ids.ts";
import { migrate } from "../../../../src/store/sqlite/schema/migrate.ts";
import { Turns } from "../../../../src/store/turns.ts";
import { IndexWorld, numbersOf, testRollback } from "./index-world.ts";

const APPLICATION = 1;
const idOf = (number: number) => `event-${number}`;

/** Event ids on a database in memory. The message of an id has the id's number. */
class World extends IndexWorld {
  ids!: EventIds;
  commits = 0;
  /** The server is killed instead of the commit with this number. */
  killedAt = Number.POSITIVE_INFINITY;

  constructor(
    readonly keysMax = 1000,
    db = new Database(":memory:", { strict: true }),
    readonly filterLayersMax?: number,
  ) {
    super({ log: "event_id_log", range: "event_id_range", entryBytes: ENTRY_BYTES_MIN }, db);
    this.open();
  }

  open(): void {
    moveEventIds(this.db);
    const { db, keysMax, filterLayersMax, onFact } = this;
    const committer = this.newCommitter(systemClock, () => {
      if (++this.commits < this.killedAt) return;
      committer.crash();
      throw new StoreUnavailable("The server was killed.");
    });
    this.committer = committer;
    const turns = new Turns(systemClock);
    this.ids = new EventIds({ db, committer, turns, clock: systemClock, onFact, keysMax, filterLayersMax });
  }

  insert(number: number): void {
    this.db.run(
      "INSERT INTO message (seq, application_seq, event_type, event_id, accepted_at) VALUES (?, 1, 'a', ?, 0)",
      [number, idOf(number)],
    );
  }

  add(number: number): Promise<boolean> {
    return this.committer.write(() => {
      if (this.seqOf(number) !== null) return false;
      this.insert(number);
      this.ids.add(eventIdKey(APPLICATION, idOf(number)), number);
      return true;
    });
  }

  seqOf(number: number): number | null {
    return this.ids.seqOf(APPLICATION, idOf(number));
  }

  isKnown(number: number): boolean {
    return this.seqOf(number) === number;
  }

  /** Deletes the messages from `from` to `to`. Older ones, which have waiting deliveries, are kept. */
  async deleteMessages(from: number, to: number): Promise<void> {
    let more = await this.committer.write(() => {
      const { changes } = this.db.run("DELETE FROM message WHERE seq >= ? AND seq < ?", [from, to]);
      return this.ids.prune(to, changes);
    });
    while (more) more = await this.committer.write(() => this.ids.prune(to, 0));
  }
}

describe("event ids", () => {
  test("an event id is known with its message in its own application, also after a restart", async () => {
    const world = new World();
    await world.add(7);
    for (let life = 0; life < 2; life++) {
      expect([world.seqOf(7), world.seqOf(8), world.ids.seqOf(2, idOf(7))]).toEqual([7, null, null]);
      expect(await world.add(7)).toBe(false);
      world.open();
    }
  });

  test("applications may have the same event ids", async () => {
    const world = new World(2);
    const { db, committer, ids } = world;
    const own = new Map([
      [1, 7],
      [2, 8],
    ]);
    for (const [application, number] of own) {
      await committer.write(() => {
        db.run(
          "INSERT INTO message (seq, application_seq, event_type, event_id, accepted_at) VALUES (?, ?, 'a', 'same', 0)",
          [number, application],
        );
        ids.add(eventIdKey(application, "same"), number);
      });
    }
    await world.moved(0);
    for (const [application, number] of own) expect(ids.seqOf(application, "same")).toBe(number);
  });

  test("when there are many event ids, all are moved to their ranges, and none is ever unknown", async () => {
    const world = new World(500);
    for (let from = 0; from < 6000; from += 200) {
      expect(await world.addAll(from, from + 200)).not.toContain(false);
      expect(world.unknownOf(0, from + 200)).toEqual([]);
    }
    await world.moved(499);
    expect(world.count("range")).toBeGreaterThanOrEqual(6000 - 499);
    world.open();
    expect(world.unknownOf(0, 6000)).toEqual([]);
    expect(numbersOf(6000, 6500).filter((number) => world.seqOf(number) !== null)).toEqual([]);
  });

  test("a server that is killed at any commit of a move knows all event ids after the restart", async () => {
    let hasMoved = false;
    for (let kill = 1; !hasMoved; kill++) {
      const world = new World(50);
      await world.addAll(0, 200);
      world.killedAt = world.commits + kill;
      void Promise.allSettled(numbersOf(200, 210).map((number) => world.add(number)));
      for (let turn = 0; turn < 400; turn++) await new Promise((resolve) => setImmediate(resolve));
      hasMoved = world.commits < world.killedAt;
      world.killedAt = Number.POSITIVE_INFINITY;
      world.open();
      expect(world.unknownOf(0, 200)).toEqual([]);
      expect(await world.addAll(0, 200)).not.toContain(true);
      await world.addAll(300, 360);
      await world.moved(0);
      expect(world.unknownOf(0, 200)).toEqual([]);
      const { count } = world.db.query<{ count: number }, []>("SELECT COUNT(*) AS count FROM message").get()!;
      expect(world.count("range")).toBe(count);
    }
  });

  testRollback("event ids", () => new World());

  test("the event ids of deleted messages are free and are removed when there are many", async () => {
    const world = new World(50);
    await world.addAll(0, 4000);
    await world.moved(0);
    await world.deleteMessages(0, 500);
    expect(world.count("range")).toBe(4000);
    expect(world.unknownOf(0, 4000)).toEqual(numbersOf(0, 500));
    await world.deleteMessages(600, 2000);
    expect(world.count("range")).toBeLessThan(2600);
    expect(world.unknownOf(500, 4000)).toEqual(numbersOf(600, 2000));
    expect(await world.addAll(0, 60)).not.toContain(false);
    await world.moved(0);
    expect(world.unknownOf(0, 60)).toEqual([]);
  });

  test("moving event ids to their ranges removes those of deleted messages there, and no others", async () => {
    const world = new World(50);
    await world.addAll(0, 1000);
    await world.moved(0);
    await world.deleteMessages(100, 900);
    expect(world.count("range")).toBe(1000);
    await world.addAll(2000, 3000);
    await world.moved(0);
    expect(world.count("range")).toBe(1200);
    expect(world.unknownOf(0, 1000)).toEqual(numbersOf(100, 900));
  });

  test("a deletion that is not committed leaves the event ids known", async () => {
    const world = new World(50);
    await world.addAll(0, 2000);
    await world.moved(0);
    world.isDiskFull = true;
    await expect(world.deleteMessages(0, 2000)).rejects.toBeInstanceOf(StoreUnavailable);
    world.isDiskFull = false;
    await world.addAll(3000, 3200);
    await world.moved(0);
    expect(world.unknownOf(0, 2000)).toEqual([]);
    world.open();
    expect(world.unknownOf(0, 2000)).toEqual([]);
  });

  test("a message that is older than all others keeps its event id", async () => {
    const world = new World(50);
    await world.addAll(1000, 2000);
    await world.moved(0);
    await world.deleteMessages(0, 1500);
    await world.add(7);
    await world.addAll(3000, 3200);
    await world.moved(0);
    expect(world.unknownOf(7, 8)).toEqual([]);
  });
});

describe("the upgrade of event ids", () => {
  /** A database with ids as earlier versions stored them. */
  function earlier(count: number): Database {
    const db = new Database(":memory:", { strict: true });
    migrate(db);
    db.run(
      `WITH RECURSIVE number (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM number WHERE i + 1 < ${count})
       INSERT INTO message (seq, application_seq, event_type, event_id, accepted_at)
       SELECT i, 1, 'a', CASE WHEN i % 10 = 9 THEN NULL ELSE 'event-' || i END, 0 FROM number`,
    );
    return db;
  }

  test("the event ids that earlier versions have stored are known, and their index is gone", () => {
    const db = earlier(5000);
    moveEventIds(db, 700);
    const world = new World(1000, db);
    expect(world.unknownOf(0, 5000)).toEqual(numbersOf(0, 5000).filter((number) => number % 10 === 9));
    expect(world.count("range")).toBe(4500);
    expect(db.query("SELECT name FROM sqlite_schema WHERE name = 'message_event_id'").all()).toEqual([]);
  });

  test("event ids for which the filter has no room are known", async () => {
    const world = new World(50, earlier(80_000), 1);
    expect(world.seqOf(0)).toBe(0);
    // The filter is filled in steps of 64 ranges.
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(numbersOf(0, 80_000).filter((number) => number % 10 < 9 && world.seqOf(number) === null)).toEqual([]);
    await world.addAll(90_000, 90_100);
    await world.moved(0);
    expect(world.unknownOf(90_000, 90_100)).toEqual([]);
  });

  test("a database without an old index of event ids is not changed", () => {
    const db = earlier(10);
    moveEventIds(db);
    const before = db.serialize();
    moveEventIds(db);
    expect(db.serialize().equals(before)).toBe(true);
  });

  test("an upgrade that fails changes nothing and is repeated", () => {
    const db = earlier(1000);
    db.run(
      "CREATE TRIGGER full BEFORE INSERT ON event_id_range WHEN new.start > 0 BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
    expect(() => moveEventIds(db)).toThrow("full");
    expect(db.query("SELECT COUNT(*) AS count FROM event_id_range").get()).toEqual({ count: 0 });
    db.run("DROP TRIGGER full");
    expect(new World(1000, db).unknownOf(0, 9)).toEqual([]);
  });
});
