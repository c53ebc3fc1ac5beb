import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ClockSeqSource, timeOfSeq } from "../../../src/core/id.ts";
import { systemClock } from "../../../src/edge/clock.ts";
import { openMemoryStore } from "../../../src/store/sqlite/index.ts";
import { CommandSeqSource } from "../../../src/store/sqlite/numbers.ts";
import { migrate } from "../../../src/store/sqlite/schema/migrate.ts";

const START_AT = Date.UTC(2026, 0, 1);

function database(): Database {
  const db = new Database(":memory:", { strict: true });
  migrate(db);
  return db;
}

describe("numbers of a command", () => {
  test("commands and the server never allocate the same number if the server allocates at most 2048 per millisecond", () => {
    const turn = fc.record({
      source: fc.integer({ min: 0, max: 3 }),
      count: fc.integer({ min: 1, max: 40 }),
      passMs: fc.integer({ min: 0, max: 1 }),
    });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 40 }), (turns) => {
        using db = database();
        let now = START_AT;
        const clock = () => now;
        const commands = Array.from({ length: 3 }, () => new CommandSeqSource(db, clock));
        const sources = [new ClockSeqSource(clock), ...commands];
        const taken = new Set<number>();
        let count = 0;
        for (const turn of turns) {
          now += turn.passMs;
          const source = sources[turn.source]!;
          const first = source.take(turn.count);
          for (let i = 0; i < turn.count; i++) taken.add(first + i);
          count += turn.count;
          expect(source.last).toBe(first + turn.count - 1);
        }
        expect(taken.size).toBe(count);
      }),
    );
  });

  test("the numbers of a command encode the time, increase, and continue after a number already in use", () => {
    using db = database();
    const source = new CommandSeqSource(db, () => START_AT);
    const first = source.next();
    expect(timeOfSeq(first)).toBe(START_AT);
    expect(source.next()).toBeGreaterThan(first);
    source.reach(first + 100_000);
    expect(source.next()).toBeGreaterThan(first + 100_000);
  });

  test("a command that allocates no number writes no row", () => {
    using db = database();
    new CommandSeqSource(db, () => START_AT);
    expect(db.query("SELECT * FROM meta").all()).toEqual([]);
  });
});

describe("numbers of a server", () => {
  test("a server without data has no last number, so that the time of its data is not known", () => {
    const { numbers } = openMemoryStore(new Database(":memory:", { strict: true }), systemClock, () => {}).store;
    expect(numbers.last).toBe(0);
  });

  test("a server that starts again gives out no number that the one before it may have given out unstored", () => {
    const db = new Database(":memory:", { strict: true });
    let now = START_AT;
    const clock = { ...systemClock, now: () => now };
    const { numbers } = openMemoryStore(db, clock, () => {}).store;
    db.run("INSERT INTO payload_link_use (link_seq) VALUES (?)", [numbers.next()]);
    const unstored = new Set(Array.from({ length: 1000 }, () => numbers.next()));
    now -= 60_000;
    const { numbers: later } = openMemoryStore(db, clock, () => {}).store;
    const again = Array.from({ length: 1000 }, () => later.next()).filter((seq) => unstored.has(seq));
    expect(again).toEqual([]);
  });
});
