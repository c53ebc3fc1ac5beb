import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { advance, type Pace, paceFrom, stepMs } from "../../src/core/pace.ts";

const LIMITS = { stepMsMax: 200, stepMax: 1000 };
const START = 1_700_000_000_000;

/**
 * Takes steps that are late by the given times. Returns the number of items, the greatest number in
 * one step and the elapsed time.
 */
function walk(rate: number, lateMs: readonly number[]): { count: number; most: number; elapsedMs: number } {
  let now = START;
  let pace: Pace = paceFrom(now, rate, LIMITS);
  const startedAt = pace.at;
  let [count, most] = [0, 0];
  for (const late of lateMs) {
    // Serialized and parsed, as for a restart.
    const advanced = advance(JSON.parse(JSON.stringify(pace)), rate, now, LIMITS);
    pace = advanced.pace;
    count += advanced.count;
    most = Math.max(most, advanced.count);
    now += stepMs(rate, LIMITS) + late;
  }
  return { count, most, elapsedMs: pace.at - startedAt };
}

describe("pace", () => {
  test.each([1, 2, 3, 6, 7, 8, 13, 50, 999, 4999, 5001, 9999, 10_000])(
    "a pace of %d per second is kept to within one item",
    (rate) => {
      const { count, elapsedMs, most } = walk(rate, new Array(1000).fill(0));
      expect(Math.abs(count - (rate * elapsedMs) / 1000)).toBeLessThan(1);
      expect(most).toBeLessThanOrEqual(LIMITS.stepMax);
    },
  );

  test("a pace allows the first item immediately", () => {
    for (let rate = 1; rate <= 10_000; rate++) {
      expect(advance(paceFrom(START, rate, LIMITS), rate, START, LIMITS).count).toBeGreaterThan(0);
    }
  });

  test("a pace is kept even if its steps are late", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 300 }),
        (rate, late) => {
          const { count, elapsedMs, most } = walk(rate, late);
          expect(Math.abs(count - (rate * elapsedMs) / 1000)).toBeLessThan(1 + 1e-3);
          expect(most).toBeLessThanOrEqual(LIMITS.stepMax);
        },
      ),
    );
  });

  test("a pace allows no burst after a long interruption", () => {
    const { pace } = advance(paceFrom(START, 100, LIMITS), 100, START, LIMITS);
    expect(advance(pace, 100, START + 3_600_000, LIMITS).count).toBe(40);
  });

  test("a pace continues after the clock was set back", () => {
    const { pace } = advance(paceFrom(START, 100, LIMITS), 100, START, LIMITS);
    const back = advance(pace, 100, START - 3_600_000, LIMITS);
    expect(back.count).toBe(0);
    expect(advance(back.pace, 100, START - 3_600_000 + 200, LIMITS).count).toBe(20);
  });
});
