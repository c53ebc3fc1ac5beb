import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { nextWaitMs, type RetryPolicy } from "../../src/core/retry.ts";

const policy: RetryPolicy = { scheduleMs: [5000, 300_000], jitter: 0.2 };
const dayMs = 86_400_000;

describe("retry wait", () => {
  const table: [failed: number, retryAfterMs: number | null, random: number, waitMs: number | null][] = [
    [1, null, 0, 5000],
    [1, null, 0.5, 5500],
    [1, null, 0.99999, 6000],
    [2, null, 0, 300_000],
    [3, null, 0, null],
    [100, null, 0, null],
    [1, 60_000, 0, 60_000],
    [1, 4000, 0, 5000],
    [1, 0, 0.5, 5500],
    [2, 2 * dayMs, 0, dayMs],
    [3, 60_000, 0, null],
  ];
  for (const [failed, retryAfterMs, random, waitMs] of table) {
    test(`after failure ${failed} with Retry-After ${retryAfterMs} ms and random number ${random} the wait is ${waitMs} ms`, () => {
      expect(nextWaitMs(policy, failed, retryAfterMs, random)).toBe(waitMs);
    });
  }

  test("an empty schedule allows a single attempt and no wait", () => {
    expect(nextWaitMs({ scheduleMs: [], jitter: 0.2 }, 1, 1000, 0)).toBeNull();
  });

  test("a scheduled wait may be longer than a day", () => {
    expect(nextWaitMs({ scheduleMs: [2 * dayMs], jitter: 0 }, 1, 3 * dayMs, 0)).toBe(2 * dayMs);
  });
});

const anyPolicy = fc.record({
  scheduleMs: fc.array(fc.nat(10 * dayMs), { maxLength: 20 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const asked = fc.option(fc.nat(10 * dayMs));

test("no wait is shorter than scheduled or longer than jitter and a Retry-After of a day allow", () => {
  fc.assert(
    fc.property(anyPolicy, asked, chance, (any, retryAfterMs, random) => {
      any.scheduleMs.forEach((scheduledMs, index) => {
        const waitMs = nextWaitMs(any, index + 1, retryAfterMs, random)!;
        expect(Number.isSafeInteger(waitMs)).toBe(true);
        expect(waitMs).toBeGreaterThanOrEqual(scheduledMs);
        expect(waitMs).toBeGreaterThanOrEqual(Math.min(retryAfterMs ?? 0, dayMs));
        expect(waitMs).toBeLessThanOrEqual(Math.max(Math.ceil(scheduledMs * (1 + any.jitter)), dayMs));
      });
    }),
  );
});

test("a schedule of n waits allows n + 1 attempts", () => {
  fc.assert(
    fc.property(anyPolicy, chance, (any, random) => {
      let attempts = 1;
      while (nextWaitMs(any, attempts, null, random) !== null) attempts++;
      expect(attempts).toBe(any.scheduleMs.length + 1);
    }),
  );
});
