import { describe, expect, test } from "bun:test";
import { afterReading, type ClockTrust, isDoubted, trusted } from "../../src/core/clock-trust.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
const NOW = Date.UTC(2026, 0, 1);

/**
 * Reads a clock at these times, in ms after `NOW`. Returns, for each time, whether the clock is
 * doubted at that time.
 */
function doubtsAt(...times: number[]): boolean[] {
  let trust: ClockTrust = trusted(NOW);
  return times.map((time) => {
    const before = isDoubted(trust, NOW + time);
    trust = afterReading(trust, NOW + time);
    expect(trust.doubtedSince !== null).toBe(before);
    return before;
  });
}

describe("trust in the clock", () => {
  test.each<[why: string, times: number[], doubted: boolean[]]>([
    [
      "that runs normally is never doubted",
      [MINUTE, 2 * MINUTE, HOUR, DAY, 2 * DAY],
      [false, false, false, false, false],
    ],
    ["that was not read for a day is not doubted", [DAY], [false]],
    ["that was not read for more than a day is doubted", [DAY + 1], [true]],
    ["that was set back is not doubted", [-YEAR, -YEAR + MINUTE], [false, false]],
    ["that was set back and is then corrected is doubted", [-YEAR, 0], [false, true]],
    ["that jumped ahead is doubted for a day", [YEAR, YEAR + HOUR, YEAR + DAY - 1], [true, true, true]],
    [
      "that jumped ahead more than a day ago is trusted again",
      [YEAR, YEAR + HOUR, YEAR + DAY, YEAR + DAY + MINUTE],
      [true, true, false, false],
    ],
    [
      "that jumped ahead and was corrected is trusted again immediately",
      [10 * YEAR, MINUTE, 2 * MINUTE],
      [true, false, false],
    ],
    [
      "that jumps again while it is doubted is doubted for another day",
      [YEAR, 2 * YEAR, 2 * YEAR + DAY - 1, 2 * YEAR + DAY],
      [true, true, true, false],
    ],
    [
      "that is set back while it is doubted is doubted for another day",
      [2 * YEAR, YEAR, YEAR + DAY - 1, YEAR + DAY],
      [true, true, true, false],
    ],
  ])("a clock %s", (_, times, doubted) => {
    expect(doubtsAt(...times)).toEqual(doubted);
  });
});
