import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Fact } from "../../../../src/core/fact.ts";
import { systemClock } from "../../../../src/edge/clock.ts";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { Committer } from "../../../../src/store/sqlite/commit/commit.ts";
import { ApplicationMessages } from "../../../../src/store/sqlite/indexes/application-messages.ts";
import { migrate } from "../../../../src/store/sqlite/schema/migrate.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { anyStep, OWNERS, runStep } from "./index-steps.ts";

const RECENT_MAX = 12;

interface Entry {
  readonly owner: number;
  readonly seq: number;
}

/** The messages of a few applications in a database, with their index. */
class World {
  readonly directory = temporaryDirectory();
  db = this.connect();
  committer!: Committer;
  index!: ApplicationMessages;
  readonly facts: Fact[] = [];
  readonly rows = "message";
  isDiskFull = false;
  commits = 0;
  /** The server is killed instead of the commit with this number. */
  killedAt = Number.POSITIVE_INFINITY;

  constructor(private readonly recentMax = RECENT_MAX) {
    migrate(this.db);
    this.open();
  }

  [Symbol.dispose](): void {
    this.db.close();
    this.directory[Symbol.dispose]();
  }

  private connect(): Database {
    const db = new Database(this.directory.file("index.db"), { strict: true });
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = OFF");
    db.run("PRAGMA temp_store = MEMORY");
    return db;
  }

  /** Kills the server and starts it again, on a new connection. */
  restart(): void {
    this.committer.crash();
    this.db.close();
    this.db = this.connect();
    this.open();
  }

  private open(): void {
    const committer = new Committer(
      this.db,
      systemClock,
      () => {},
      () => {
        if (this.isDiskFull) throw new StoreUnavailable("The disk is full.");
        if (++this.commits < this.killedAt) return;
        committer.crash();
        throw new StoreUnavailable("The server was killed.");
      },
    );
    this.committer = committer;
    const { db, recentMax } = this;
    this.index = new ApplicationMessages({
      ...{ db, committer, exclusive: true, recentMax },
      onFact: (fact) => this.facts.push(fact),
    });
  }

  insert({ owner, seq }: Entry): void {
    this.db.run(
      "INSERT INTO message (seq, application_seq, event_type, payload, accepted_at) VALUES (?, ?, 'a', X'7b7d', 1)",
      [seq, owner],
    );
    this.index.add(owner, seq);
  }

  add(owner: number, ...seqs: number[]): Promise<void> {
    return this.committer.write(() => {
      for (const seq of seqs) this.insert({ owner, seq });
    });
  }

  delete(from: number, to: number): Promise<void> {
    return this.committer.write(() => void this.db.run("DELETE FROM message WHERE seq >= ? AND seq < ?", [from, to]));
  }

  /** Waits until the entries up to a message are stored. */
  async stored(to: number): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (this.storedTo() < to) {
      if (performance.now() > deadline) throw new Error(`The entries are stored only up to ${this.storedTo()}.`);
      await this.committer.write(() => {});
    }
  }

  storedTo(): number {
    const row = this.db
      .query<{ value: string }, []>("SELECT value FROM meta WHERE name = 'application-messages-to'")
      .get();
    return Number(row?.value ?? 0);
  }

  entriesIn(table: string, db = this.db): Entry[] {
    return db
      .query<Entry, []>(`SELECT application_seq AS owner, seq FROM ${table} ORDER BY application_seq, seq`)
      .all();
  }

  /** The view must have each message once, and a command beside the server must find the same. */
  check(): void {
    const expected = this.entriesIn("message");
    expect(this.entriesIn("application_messages")).toEqual(expected);
    for (const owner of OWNERS) {
      const newest = this.db
        .query<{ seq: number }, [number]>(
          "SELECT seq FROM application_messages WHERE application_seq = ? ORDER BY seq DESC LIMIT 1",
        )
        .get(owner);
      expect(newest?.seq).toBe(expected.findLast((entry) => entry.owner === owner)?.seq);
    }
    const storedTo = this.storedTo();
    const stored = this.entriesIn("application_message");
    expect(stored.filter(({ seq }) => seq <= storedTo)).toEqual(expected.filter(({ seq }) => seq <= storedTo));
    this.beside((db) => expect(this.entriesIn("application_messages", db)).toEqual(expected));
  }

  /** Opens the index as a command does that runs beside the server. */
  beside<T>(use: (db: Database, index: ApplicationMessages) => T): T {
    const db = this.connect();
    try {
      const committer = new Committer(db, systemClock, () => {});
      return use(db, new ApplicationMessages({ db, committer, exclusive: false, onFact() {} }));
    } finally {
      db.close();
    }
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe("messages of applications", () => {
  test("the messages of each application are found once each, whatever happens", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), async (steps) => {
        using world = new World();
        let next = 1;
        for (const step of steps) {
          next = await runStep(world, step, next);
          world.check();
        }
      }),
      { numRuns: 40 },
    );
  });

  test("no message is lost or found twice if the server is killed at any commit while entries are moved", async () => {
    let kills = 0;
    for (let at = 1; ; at++) {
      using world = new World(700);
      world.killedAt = at;
      for (const owner of OWNERS) {
        void world.add(owner, ...upTo(700).filter((seq) => seq % 3 === owner - 1)).catch(() => {});
      }
      const deadline = performance.now() + 10_000;
      while (world.commits < at && world.storedTo() === 0) {
        if (performance.now() > deadline) throw new Error(`${world.commits} of ${at} commits were made.`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (world.commits < at) break;
      kills++;
      world.killedAt = Number.POSITIVE_INFINITY;
      world.restart();
      world.check();
      await world.add(1, ...upTo(700).map((seq) => 700 + seq));
      await world.stored(1400);
      world.check();
    }
    // The messages, three portions, and the number up to which entries are stored.
    expect(kills).toBeGreaterThanOrEqual(5);
  });

  test("entries are in memory until there are many", async () => {
    using world = new World();
    for (const seq of upTo(RECENT_MAX - 1)) await world.add(seq % 3, seq);
    expect(world.entriesIn("application_message")).toEqual([]);
    await world.add(1, RECENT_MAX);
    await world.stored(RECENT_MAX);
    expect(world.entriesIn("application_message")).toHaveLength(RECENT_MAX);
    expect(world.entriesIn("recent_message")).toEqual([]);
    world.check();
  });

  test("after a move, entries are in memory again until there are many", async () => {
    using world = new World();
    await world.add(1, ...upTo(RECENT_MAX));
    await world.stored(RECENT_MAX);
    for (const seq of upTo(RECENT_MAX - 1)) await world.add(2, RECENT_MAX + seq);
    expect(world.entriesIn("recent_message")).toHaveLength(RECENT_MAX - 1);
    expect(world.storedTo()).toBe(RECENT_MAX);
  });

  test("messages that are added while entries are moved stay in memory", async () => {
    using world = new World(700);
    await world.add(1, ...upTo(700));
    for (let seq = 701; world.storedTo() === 0; seq++) await world.add(2, seq);
    expect(world.storedTo()).toBe(700);
    expect(world.entriesIn("recent_message").every(({ seq }) => seq > 700)).toBe(true);
    expect(world.entriesIn("recent_message").length).toBeGreaterThan(0);
    world.check();
  });

  test("the entry of a deleted message is deleted, wherever it is", async () => {
    using world = new World();
    await world.add(1, ...upTo(RECENT_MAX));
    await world.stored(RECENT_MAX);
    await world.add(2, RECENT_MAX + 1, RECENT_MAX + 2);
    await world.delete(RECENT_MAX, RECENT_MAX + 2);
    expect(world.entriesIn("application_message")).toHaveLength(RECENT_MAX - 1);
    expect(world.entriesIn("recent_message")).toEqual([{ owner: 2, seq: RECENT_MAX + 2 }]);
    world.check();
  });

  test("messages that are deleted before they are moved do not cause moves later", async () => {
    using world = new World();
    await world.add(1, ...upTo(RECENT_MAX));
    await world.delete(1, RECENT_MAX);
    await world.stored(RECENT_MAX);
    await world.add(1, RECENT_MAX + 1);
    for (let i = 0; i < RECENT_MAX; i++) await world.committer.write(() => {});
    expect(world.entriesIn("recent_message")).toEqual([{ owner: 1, seq: RECENT_MAX + 1 }]);
  });

  test("a message that is stored again has one entry", async () => {
    using world = new World();
    await world.add(1, ...upTo(RECENT_MAX));
    await world.stored(RECENT_MAX);
    await world.add(1, RECENT_MAX + 1);
    await world.committer.write(() => {
      for (const seq of [1, RECENT_MAX + 1]) world.index.addIfMissing(1, seq);
    });
    world.check();
  });

  test("a defect that prevents a move is reported once, and the next move after it stores the entries", async () => {
    using world = new World();
    world.db.run(
      "CREATE TEMP TRIGGER planted BEFORE INSERT ON main.application_message BEGIN SELECT RAISE(ABORT, 'x'); END",
    );
    await world.add(1, ...upTo(RECENT_MAX));
    for (let i = 0; i < 5; i++) await world.committer.write(() => {});
    expect(world.facts.map(({ type }) => type)).toEqual(["defect.found"]);
    world.check();
    world.db.run("DROP TRIGGER planted");
    await world.stored(RECENT_MAX);
    world.check();
  });

  test("after a clean stop, all entries are in the table, and none are read from the messages", async () => {
    using world = new World();
    await world.add(1, 1, 2, 3);
    await world.committer.write(() => world.index.close());
    world.restart();
    expect(world.storedTo()).toBe(3);
    expect(world.entriesIn("application_message")).toHaveLength(3);
    expect(world.entriesIn("recent_message")).toEqual([]);
    await world.add(2, 4);
    world.check();
  });

  test("a command beside the server stores entries at once", async () => {
    using world = new World();
    await world.add(1, 1);
    world.beside((_, index) => index.add(1, 2));
    expect(world.entriesIn("application_message")).toEqual([{ owner: 1, seq: 2 }]);
  });
});
