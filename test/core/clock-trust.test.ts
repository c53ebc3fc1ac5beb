import { describe, expect, test } from "bun:test";
import { afterReading, type ClockTrust, isDoubted, trusted } from "../../src/core/clock-trust.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
const NOW = Date.UTC(2026, 0, 1);

/**
 * Reads a clock at these times, in ms after `NOW`. Returns for each whether the clock is then
 * doubted.
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
    ["that runs normally", [MINUTE, 2 * MINUTE, HOUR, DAY, 2 * DAY], [false, false, false, false, false]],
    ["after a pause of a day", [DAY], [false]],
    ["after a pause of more than a day", [DAY + 1], [true]],
    ["that was set back", [-YEAR, -YEAR + MINUTE], [false, false]],
    ["that was set back and then right", [-YEAR, 0], [false, true]],
    ["that jumped ahead, for a day", [YEAR, YEAR + HOUR, YEAR + DAY - 1], [true, true, true]],
    [
      "that jumped ahead more than a day ago",
      [YEAR, YEAR + HOUR, YEAR + DAY, YEAR + DAY + MINUTE],
      [true, true, false, false],
    ],
    ["that jumped ahead and was set right", [10 * YEAR, MINUTE, 2 * MINUTE], [true, false, false]],
    [
      "that jumps again while it is doubted",
      [YEAR, 2 * YEAR, 2 * YEAR + DAY - 1, 2 * YEAR + DAY],
      [true, true, true, false],
    ],
    ["that is set back while it is doubted", [2 * YEAR, YEAR, YEAR + DAY - 1, YEAR + DAY], [true, true, true, false]],
  ])("a clock %s is doubted as it should be", (_, times, doubted) => {
    expect(doubtsAt(...times)).toEqual(doubted);
  });
});
