import { describe, expect, test } from "bun:test";
import {
  bucketStart,
  DURATION_BOUNDS_MS,
  durationClass,
  NO_COUNTS,
  percentile,
  sumOfCounts,
} from "../../src/core/series.ts";

/** Returns the classes of the given durations. */
function classesOf(...durationsMs: readonly number[]): number[] {
  const counts = new Array<number>(DURATION_BOUNDS_MS.length + 1).fill(0);
  for (const ms of durationsMs) counts[durationClass(ms)]!++;
  return counts;
}

describe("time series", () => {
  test("a bucket starts at a multiple of its length", () => {
    expect(bucketStart(3_599_999, 3_600_000)).toBe(0);
    expect(bucketStart(3_600_000, 3_600_000)).toBe(3_600_000);
    expect(bucketStart(7_300_000, 60_000)).toBe(7_260_000);
  });

  test("a duration at a bound belongs to the class below the bound", () => {
    expect([0, 1, 1.5, 2, 60_000, 60_001].map(durationClass)).toEqual([0, 0, 1, 1, 15, 16]);
  });

  const PERCENTILES: readonly (readonly [
    name: string,
    durations: readonly number[],
    share: number,
    ms: number | null,
  ])[] = [
    ["there are no durations", classesOf(), 0.5, null],
    ["there are no classes", [], 0.5, null],
    ["all durations are in the first class", classesOf(1, 1), 0.5, 0.5],
    ["half of the durations are fast", classesOf(15, 15, 150, 150), 0.5, 20],
    ["the slowest of twenty is wanted", classesOf(...new Array<number>(19).fill(15), 150), 0.95, 20],
    ["all durations are wanted", classesOf(15, 150), 1, 200],
    ["a duration has no upper bound", classesOf(90_000), 0.5, 60_000],
  ];
  for (const [name, durations, share, ms] of PERCENTILES) {
    test(`the percentile ${share} is ${ms} when ${name}`, () => {
      expect(percentile(durations, share)).toBe(ms);
    });
  }

  test("the sum of counts adds each count and each class, also if one side has no durations", () => {
    const one = { accepted: 1, attempts: 2, failed: 1, delivered: 1, dead: 1, durations: classesOf(1, 90_000) };
    expect(sumOfCounts(one, NO_COUNTS)).toEqual(one);
    expect(sumOfCounts(NO_COUNTS, one)).toEqual(one);
    expect(sumOfCounts(one, one)).toEqual({
      ...{ accepted: 2, attempts: 4, failed: 2, delivered: 2, dead: 2 },
      durations: classesOf(1, 1, 90_000, 90_000),
    });
  });
});
