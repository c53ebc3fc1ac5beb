import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatDuration, formatSize, parseDuration, parseRate, parseSize } from "../../src/core/unit.ts";

type Case = [text: string, value: number | null];

function reads(what: string, parse: (text: string) => number | null, table: Case[]): void {
  for (const [text, value] of table) {
    test(`the ${what} ${JSON.stringify(text)} is ${value === null ? "refused" : `parsed as ${value}`}`, () =>
      expect(parse(text)).toBe(value));
  }
}

describe("durations", () => {
  reads("duration", parseDuration, [
    ["0", 0],
    ["0s", 0],
    ["250ms", 250],
    ["5s", 5000],
    ["30m", 1_800_000],
    ["2h", 7_200_000],
    ["5d", 432_000_000],
    ["1.5h", 5_400_000],
    ["2.3m", 138_000],
    ["0.1s", 100],
    ["0.3ms", null],
    ["0.0001s", null],
    ["", null],
    ["5", null],
    ["s", null],
    ["5 s", null],
    [" 5s", null],
    ["5s\n", null],
    ["-5s", null],
    ["+5s", null],
    ["1e3s", null],
    [".5s", null],
    ["5.s", null],
    ["5S", null],
    ["5m30s", null],
    ["5w", null],
    ["9999999999999d", null],
    [`${"9".repeat(400)}s`, null],
  ]);

  test("durations are formatted in the largest exact unit", () => {
    const table: [number, string][] = [
      [0, "0"],
      [1, "1ms"],
      [1500, "1500ms"],
      [5000, "5s"],
      [90_000, "90s"],
      [300_000, "5m"],
      [86_400_000, "1d"],
      [90_000_000, "25h"],
    ];
    for (const [ms, text] of table) expect(formatDuration(ms)).toBe(text);
  });

  test("parsing a formatted duration returns the same value", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});

describe("sizes", () => {
  reads("size", parseSize, [
    ["0", 0],
    ["123", 123],
    ["123B", 123],
    ["64KiB", 65_536],
    ["2MiB", 2_097_152],
    ["1GiB", 1_073_741_824],
    ["1.5MiB", 1_572_864],
    ["1.5B", null],
    ["1.5", null],
    ["2MB", null],
    ["2mib", null],
    ["2 MiB", null],
    ["-1", null],
    ["", null],
    ["99999999999GiB", null],
  ]);

  test("sizes are formatted in the largest exact unit", () => {
    expect([0, 123, 1024, 16_384, 1_572_864, 2_097_152].map(formatSize)).toEqual([
      "0B",
      "123B",
      "1KiB",
      "16KiB",
      "1536KiB",
      "2MiB",
    ]);
  });

  test("parsing a formatted size returns the same value", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseSize(formatSize(bytes)) === bytes));
  });
});

describe("rates", () => {
  reads("rate", parseRate, [
    ["500/s", 500],
    ["30/m", 0.5],
    ["3600/h", 1],
    ["0.5/s", 0.5],
    ["0/s", null],
    ["500", null],
    ["500/d", null],
    ["500 / s", null],
    ["-1/s", null],
    ["/s", null],
    [`${"9".repeat(400)}/s`, null],
  ]);
});

test("parsing a duration or size never throws and returns a whole number or null", () => {
  const text = fc.oneof(
    fc.string(),
    fc.tuple(fc.double(), fc.constantFrom("ms", "s", "d", "MiB")).map((p) => p.join("")),
  );
  fc.assert(
    fc.property(text, (value) => {
      for (const parse of [parseDuration, parseSize]) {
        const parsed = parse(value);
        if (parsed !== null) expect(Number.isSafeInteger(parsed) && parsed >= 0).toBe(true);
      }
    }),
  );
});
