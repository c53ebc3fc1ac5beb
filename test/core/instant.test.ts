import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatInstant, parseInstant } from "../../src/core/instant.ts";

const midnight = Date.UTC(2026, 0, 1);

const read: [string, number | null][] = [
  ["2026-01-01T00:00:00Z", midnight],
  ["2026-01-01t00:00:00z", midnight],
  ["2026-01-01 00:00:00 UTC", midnight],
  ["2026-01-01 00:00:00.1 UTC", midnight + 100],
  ["2026-01-01T00:00:00.123456Z", midnight + 123],
  ["2026-01-01T00:00:00.123456789Z", midnight + 123],
  ["2026-01-01T01:00:00+01:00", midnight],
  ["2025-12-31T23:00:00-01:00", midnight],
  ["2026-01-01T01:00:00+0100", midnight],
  ["2026-01-01T01:00:00 01:00", midnight],
  ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
  ["2026-02-29T00:00:00Z", null],
  ["2026-13-01T00:00:00Z", null],
  ["2026-01-01T24:00:00Z", null],
  ["2026-01-01T00:60:00Z", null],
  ["2026-01-01T00:00:00", null],
  ["2026-01-01", null],
  ["1767225600", null],
  ["", null],
  ["now", null],
];

for (const [text, expected] of read) {
  test(`${JSON.stringify(text)} is ${expected === null ? "not a valid time" : `parsed as ${expected}`}`, () => {
    expect(parseInstant(text)).toBe(expected);
  });
}

test("parsing a formatted time returns the same value", () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(9999, 11, 31) }), (at) => {
      expect(parseInstant(formatInstant(at))).toBe(at);
    }),
  );
});
