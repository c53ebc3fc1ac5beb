import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Fact } from "../../../../src/core/fact.ts";
import { systemClock } from "../../../../src/edge/clock.ts";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import type { Bindings } from "../../../../src/store/sql/page.ts";
import { EVERYTHING, type Range } from "../../../../src/store/sql/range.ts";
import { Committer } from "../../../../src/store/sqlite/commit/commit.ts";
import { DeferredIndex, ENDPOINT_ATTEMPTS } from "../../../../src/store/sqlite/indexes/deferred-index.ts";
import { migrate } from "../../../../src/store/sqlite/schema/migrate.ts";
import { anyStep, OWNERS, runStep } from "./index-steps.ts";

const RECENT_MAX = 12;

/** The attempts of a few endpoints in a database in memory, with their index. */
class World {
  readonly db = new Database(":memory:", { strict: true });
  committer!: Committer;
  index!: DeferredIndex;
  /** What the index has reported. */
  readonly facts: Fact[] = [];
  readonly rows = "attempt";
  isDiskFull = false;
  commits = 0;
  /** The server is killed instead of the commit with this number. */
  killedAt = Number.POSITIVE_INFINITY;

  constructor(private readonly recentMax = RECENT_MAX) {
    migrate(this.db);
    this.open();
  }

  /** Kills the server and starts it again. */
  restart(): void {
    this.committer.crash();
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
    this.index = this.newIndex(true);
  }

  newIndex(exclusive: boolean): DeferredIndex {
    const { db, committer, recentMax } = this;
    const onFact = (fact: Fact) => void this.facts.push(fact);
    return new DeferredIndex({ db, committer, exclusive, onFact, recentMax }, ENDPOINT_ATTEMPTS);
  }

  insert(owner: number, seq: number): void {
    this.db.run(
      `INSERT INTO attempt (seq, delivery_seq, message_seq, endpoint_seq, url, response_status, duration_ms, trigger, started_at)
       VALUES (?, 1, 1, ?, '', 200, 1, 0, 0)`,
      [seq, owner],
    );
    this.index.add(owner, seq);
  }

  add(owner: number, ...seqs: number[]): Promise<void> {
    return this.committer.write(() => {
      for (const seq of seqs) this.insert(owner, seq);
    });
  }

  delete(from: number, to: number): Promise<void> {
    return this.committer.write(() => void this.db.run("DELETE FROM attempt WHERE seq >= ? AND seq < ?", [from, to]));
  }

  /** Waits until the entries of at least this many attempts are stored, and the move has ended. */
  async stored(countMin: number): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (this.storedTo() === 0 || this.entries(0, this.storedTo() + 1) < countMin) {
      if (performance.now() > deadline) throw new Error(`Only ${this.entries(0, EVERYTHING.to)} entries are stored.`);
      await this.committer.write(() => {});
    }
  }

  storedTo(): number {
    const row = this.db
      .query<{ value: string }, []>("SELECT value FROM meta WHERE name = 'endpoint-attempts-to'")
      .get();
    return Number(row?.value ?? 0);
  }

  entries(from: number, to: number): number {
    const sql = "SELECT COUNT(*) AS count FROM endpoint_attempt WHERE seq >= ? AND seq < ?";
    return this.db.query<{ count: number }, [number, number]>(sql).get(from, to)!.count;
  }

  found(owner: number, range: Range, direction: "ASC" | "DESC", index = this.index): number[] {
    return [...index.read(owner, range, direction)].flatMap(({ from, where, seq, values }) =>
      this.db
        .query<{ seq: number }, [Bindings]>(`SELECT t.seq FROM ${from} WHERE ${where} ORDER BY ${seq} ${direction}`)
        .all(values)
        .map((row) => row.seq),
    );
  }

  /** Returns what a search without an index finds. */
  expected(owner: number, { from, to }: Range): number[] {
    const sql = "SELECT seq FROM attempt NOT INDEXED WHERE endpoint_seq = ? AND seq >= ? AND seq < ? ORDER BY seq";
    return this.db
      .query<{ seq: number }, [number, number, number]>(sql)
      .all(owner, from, to)
      .map(({ seq }) => seq);
  }

  check(range: Range): void {
    for (const owner of OWNERS) {
      const expected = this.expected(owner, range);
      expect(this.found(owner, range, "ASC")).toEqual(expected);
      expect(this.found(owner, range, "DESC")).toEqual(expected.toReversed());
      expect(this.found(owner, range, "ASC", this.newIndex(false))).toEqual(expected);
      expect(this.index.last(owner, range)).toBe(expected.at(-1) ?? null);
      for (const limit of [1, 20]) {
        const count = { count: Math.min(limit, expected.length), next: expected[limit] ?? null };
        expect(this.index.count(owner, range, limit)).toEqual(count);
      }
    }
    this.expectEntries();
  }

  /** Each attempt up to the last stored one must have an entry, and each entry an attempt. */
  expectEntries(): void {
    const missing = this.db.query(
      `SELECT endpoint_seq, seq FROM attempt WHERE seq <= ${this.storedTo()}
       EXCEPT SELECT endpoint_seq, seq FROM endpoint_attempt`,
    );
    const left = this.db.query(
      "SELECT endpoint_seq, seq FROM endpoint_attempt EXCEPT SELECT endpoint_seq, seq FROM attempt",
    );
    expect({ missing: missing.all(), left: left.all() }).toEqual({ missing: [], left: [] });
  }
}

describe("deferred index", () => {
  test("a deferred index finds the same attempts as a search without an index, whatever happens", async () => {
    const anyRange = fc.oneof(
      fc.constant(EVERYTHING),
      fc
        .tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 300 }))
        .map(([from, length]): Range => ({ from, to: from + length })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(anyStep, anyRange), { maxLength: 60 }), async (steps) => {
        const world = new World();
        let next = 1;
        for (const [step, range] of steps) {
          next = await runStep(world, step, next);
          world.check(range);
        }
        world.db.close();
      }),
      { numRuns: 60 },
    );
  });

  test("nothing is lost if the server is killed at any commit while entries are stored", async () => {
    let kills = 0;
    for (let at = 1; ; at++) {
      const world = new World(700);
      world.killedAt = at;
      const seqs = Array.from({ length: 700 }, (_, i) => i + 1);
      for (const owner of OWNERS) void world.add(owner, ...seqs.filter((seq) => seq % 3 === owner - 1)).catch(() => {});
      const deadline = performance.now() + 10_000;
      while (world.commits < at && world.storedTo() === 0) {
        if (performance.now() > deadline) throw new Error(`${world.commits} of ${at} commits were made.`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (world.commits < at) break;
      kills++;
      world.killedAt = Number.POSITIVE_INFINITY;
      world.restart();
      world.check(EVERYTHING);
      await world.add(1, 1000);
      if (world.expected(1, EVERYTHING).length > 1) await world.stored(700);
      world.check(EVERYTHING);
    }
    // The attempts, three parts, and the number up to which entries are stored.
    expect(kills).toBeGreaterThanOrEqual(5);
  });

  test("attempts have no entries until there are many", async () => {
    const world = new World();
    for (let seq = 1; seq < RECENT_MAX; seq++) await world.add(seq % 3, seq);
    expect(world.entries(0, EVERYTHING.to)).toBe(0);
    await world.add(1, RECENT_MAX);
    await world.stored(RECENT_MAX);
    expect(world.storedTo()).toBe(RECENT_MAX);
    world.check(EVERYTHING);
  });

  test("a new attempt changes no row besides its own", async () => {
    const world = new World();
    await world.add(1, ...Array.from({ length: RECENT_MAX }, (_, i) => i + 1));
    await world.stored(RECENT_MAX);
    const changes = world.db.query<{ total: number }, []>("SELECT total_changes() AS total");
    const before = changes.get()!.total;
    await world.add(2, RECENT_MAX + 1);
    expect(changes.get()!.total - before).toBe(1);
  });

  test("an attempt with a lower number than those whose entries are stored has an entry at once", async () => {
    const world = new World();
    await world.add(1, ...Array.from({ length: RECENT_MAX }, (_, i) => 2 * i + 2));
    await world.stored(RECENT_MAX);
    await world.add(1, 5);
    expect(world.entries(5, 6)).toBe(1);
    world.restart();
    world.check(EVERYTHING);
  });

  test("an attempt that was rolled back is not found, even if another endpoint gets its number", async () => {
    const world = new World();
    world.isDiskFull = true;
    await expect(world.add(1, 3, 4)).rejects.toThrow(StoreUnavailable);
    world.isDiskFull = false;
    await world.add(2, 3);
    world.check(EVERYTHING);
  });

  test("a defect that prevents entries from being stored is reported once, until entries can be stored again", async () => {
    const world = new World();
    const plant = () =>
      world.db.run("CREATE TRIGGER planted BEFORE INSERT ON endpoint_attempt BEGIN SELECT RAISE(FAIL, 'planted'); END");
    const addMany = async (first: number) => {
      for (let seq = first; seq < first + 5 * RECENT_MAX; seq++) await world.add(1, seq);
    };
    plant();
    await addMany(1000);
    expect(world.facts).toMatchObject([{ type: "defect.found", where: "entries of endpoint_attempt" }]);
    world.db.run("DROP TRIGGER planted");
    await world.stored(5 * RECENT_MAX);
    plant();
    await addMany(2000);
    expect(world.facts).toHaveLength(2);
  });

  test("a store that is unavailable while entries are stored is no defect", async () => {
    const world = new World();
    await world.add(1, ...Array.from({ length: RECENT_MAX }, (_, n) => n + 1));
    world.isDiskFull = true;
    await expect(world.committer.write(() => {})).rejects.toThrow(StoreUnavailable);
    world.isDiskFull = false;
    await world.committer.write(() => {});
    expect(world.facts).toEqual([]);
  });

  test("the entries of deleted attempts are deleted", async () => {
    const world = new World();
    await world.add(1, ...Array.from({ length: RECENT_MAX }, (_, i) => i + 1));
    await world.stored(RECENT_MAX);
    await world.delete(1, 6);
    expect(world.entries(0, EVERYTHING.to)).toBe(RECENT_MAX - 5);
    world.check(EVERYTHING);
  });

  test("an attempt that is deleted before its entry is stored gets none", async () => {
    const world = new World();
    await world.add(1, ...Array.from({ length: RECENT_MAX - 1 }, (_, i) => i + 1));
    await world.delete(1, 6);
    await world.add(1, RECENT_MAX);
    await world.stored(RECENT_MAX - 5);
    expect(world.entries(0, EVERYTHING.to)).toBe(RECENT_MAX - 5);
    world.check(EVERYTHING);
  });

  test("the rows without an entry do not become more with each move while commits store more rows than a move takes", async () => {
    const world = new World(500);
    const rowsPerCommit = 1000;
    let most = 0;
    for (let i = 0; i < 60; i++) {
      await world.add(1, ...Array.from({ length: rowsPerCommit }, (_, at) => i * rowsPerCommit + at + 1));
      most = Math.max(most, (i + 1) * rowsPerCommit - world.storedTo());
    }
    expect(most).toBeLessThan(10 * rowsPerCommit);
  });
});
