import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ClockSeqSource, timeOfSeq } from "../../../src/core/id.ts";
import { migrate } from "../../../src/store/sqlite/migrate.ts";
import { CommandSeqSource } from "../../../src/store/sqlite/numbers.ts";

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
