import { expect, test } from "bun:test";
import { stateOf } from "../../web/kit/delivery.ts";
import {
  formatAxis,
  formatBytes,
  formatCount,
  formatDecimal,
  formatDuration,
  formatInstant,
  formatRate,
  formatUntil,
} from "../../web/kit/format.ts";

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

test("a size is formatted in its largest unit, with one decimal below ten", () => {
  const table: [number, string][] = [
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1_572_864, "1.5 MiB"],
    [10 * 2 ** 30, "10 GiB"],
    [2 ** 50, "1024 TiB"],
  ];
  for (const [bytes, text] of table) expect(formatBytes(bytes)).toBe(text);
});

test("a count is rounded and its thousands are separated", () => {
  const table: [number, string][] = [
    [0, "0"],
    [999, "999"],
    [1_000, "1,000"],
    [999_999.5, "1,000,000"],
    [1_234_567_890_123, "1,234,567,890,123"],
  ];
  for (const [count, text] of table) expect(formatCount(count)).toBe(text);
});

test("a decimal has one digit after the point unless that is a zero", () => {
  const table: [number, string][] = [
    [0, "0"],
    [0.04, "0"],
    [0.05, "0.1"],
    [9.96, "10"],
    [99.9, "99.9"],
    [1_234.56, "1,234.6"],
  ];
  for (const [value, text] of table) expect(formatDecimal(value)).toBe(text);
  expect(formatRate(9.95)).toBe("10/s");
  expect(formatRate(12.3)).toBe("12/s");
});

test("an instant has a date unless it is today's, and a year unless it is this one", () => {
  const at = (text: string) => new Date(text).getTime();
  const now = at("2026-03-04T05:06:07");
  expect(formatInstant(at("2026-03-04T00:00:00"), now)).toBe("00:00:00");
  expect(formatInstant(at("2026-03-04T23:59:59"), now)).toBe("23:59:59");
  expect(formatInstant(at("2026-03-03T23:59:59"), now)).toBe("Mar 3, 23:59:59");
  expect(formatInstant(at("2025-12-31T01:02:03"), now)).toBe("Dec 31 2025, 01:02:03");
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

test("the labels of a time axis have the date once a day, and only the date in steps of a day", () => {
  const every = (hours: number, count: number, from: string) =>
    Array.from({ length: count }, (_, index) => new Date(from).getTime() + index * hours * 3_600_000);
  expect(formatAxis(every(4, 5, "2026-11-28T12:00:00"))).toEqual([
    "12:00\nNov 28",
    "16:00",
    "20:00",
    "00:00\nNov 29",
    "04:00",
  ]);
  expect(formatAxis(every(24, 3, "2026-11-29T00:00:00"))).toEqual(["Nov 29", "Nov 30", "Dec 1"]);
  expect(formatAxis([])).toEqual([]);
});
