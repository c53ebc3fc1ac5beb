import { expect, test } from "bun:test";
import { stateOf } from "../../web/kit/delivery.ts";
import { formatDuration, formatUntil } from "../../web/kit/format.ts";

test("a duration is formatted in its two largest units", () => {
  const table: [number, string][] = [
    [0, "0 ms"],
    [4.4, "4 ms"],
    [999, "999 ms"],
    [9_999, "10 s"],
    [15_000, "15 s"],
    [60_000, "1 min"],
    [252_000, "4 min 12 s"],
    [36_000_000, "10 h"],
    [93_784_000, "1 d 2 h"],
    [86_460_000, "1 d"],
  ];
  for (const [durationMs, text] of table) expect(formatDuration(durationMs)).toBe(text);
});

test("an instant within the next second or in the past is formatted as now", () => {
  expect(formatUntil(5_000, 0)).toBe("in 5 s");
  expect(formatUntil(900, 0)).toBe("now");
  expect(formatUntil(0, 60_000)).toBe("now");
});

test("a delivery with a next attempt is shown as pending although its latest attempt failed", () => {
  const common = { nextAttempt: null, reason: null };
  expect(stateOf({ ...common, status: 0 })).toBe("delivered");
  expect(stateOf({ ...common, status: 1 })).toBe("pending");
  expect(stateOf({ ...common, status: 3 })).toBe("pending");
  expect(stateOf({ ...common, status: 2, nextAttempt: "2026-01-01T00:00:00Z" })).toBe("pending");
  expect(stateOf({ ...common, status: 2, reason: "timeout" })).toBe("dead");
  expect(stateOf({ ...common, status: 2 })).toBe("cancelled");
});
