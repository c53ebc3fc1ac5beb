import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Bucket, burst, fullBucket, take } from "../../src/core/token-bucket.ts";

const anyRate = fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.double({ min: 0.001, max: 1000, noNaN: true }));
const startAt = 1_700_000_000_000;

/**
 * Returns the times at which starts were allowed. Tries to start after each given pause and after
 * each wait that the bucket returns.
 */
function startsWith(rate: number, pausesMs: number[]): number[] {
  let now = startAt;
  let bucket: Bucket = fullBucket(rate, now);
  const starts: number[] = [];
  for (const pauseMs of pausesMs) {
    const first = take(bucket, rate, now);
    bucket = first.bucket;
    if (first.taken) starts.push(now);
    else now += Math.max(first.waitMs, pauseMs);
    if (first.taken) now += pauseMs;
  }
  return starts;
}

describe("token bucket", () => {
  test("a token bucket allows its burst immediately and then one token per interval", () => {
    const rate = 20;
    let bucket = fullBucket(rate, 0);
    for (let i = 0; i < 2; i++) ({ bucket } = take(bucket, rate, 0));
    const refused = take(bucket, rate, 0);
    expect([refused.taken, refused.waitMs]).toEqual([false, 50]);
    expect(take(refused.bucket, rate, 49).taken).toBe(false);
    expect(take(refused.bucket, rate, 50).taken).toBe(true);
  });

  test("a token bucket does not hold more than its burst", () => {
    expect(take(fullBucket(100, 0), 100, 1e9).bucket.tokens).toBe(burst(100) - 1);
  });

  test("a token bucket with a slow rate gives one token at a time", () => {
    const rate = 0.1;
    const { bucket } = take(fullBucket(rate, 0), rate, 0);
    expect(take(bucket, rate, 5000)).toMatchObject({ taken: false, waitMs: 5000 });
  });

  test("a lowered rate applies to a token bucket immediately", () => {
    const full = fullBucket(1000, 0);
    const { bucket } = take(full, 1, 0);
    expect(take(bucket, 1, 0).taken).toBe(false);
  });

  test("a token bucket never allows more starts in any window than its burst and rate permit", () => {
    const pauses = fc.array(fc.oneof(fc.constant(0), fc.nat(20), fc.nat(2000)), { minLength: 20, maxLength: 400 });
    fc.assert(
      fc.property(anyRate, pauses, (rate, pausesMs) => {
        const starts = startsWith(rate, pausesMs);
        for (let from = 0; from < starts.length; from++) {
          for (let to = from; to < starts.length; to++) {
            const windowMs = starts[to]! - starts[from]!;
            expect(to - from + 1).toBeLessThanOrEqual(burst(rate) + (rate * windowMs) / 1000 + 1e-3);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test("a token bucket with a rate up to 10/s allows at most rate + 1 starts in any second", () => {
    for (const rate of [0.5, 1, 3, 7, 10]) {
      const starts = startsWith(rate, new Array(500).fill(0));
      for (const from of starts) {
        const inOneSecond = starts.filter((at) => at >= from && at <= from + 1000).length;
        expect(inOneSecond).toBeLessThanOrEqual(rate + 1);
      }
    }
  });

  test("a token bucket has a token after the wait that it returned", () => {
    fc.assert(
      fc.property(anyRate, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (rate, tokens) => {
        const refused = take({ tokens, at: startAt }, rate, startAt);
        if (refused.taken) return;
        expect(refused.waitMs).toBeGreaterThan(0);
        expect(take(refused.bucket, rate, startAt + refused.waitMs).taken).toBe(true);
      }),
    );
  });

  test("a token bucket reaches its rate when tokens are requested without pauses", () => {
    for (const rate of [1, 50, 333, 500]) {
      const starts = startsWith(rate, new Array(2000).fill(0));
      const seconds = (starts.at(-1)! - starts[0]!) / 1000;
      expect((starts.length - 1) / seconds).toBeGreaterThan(rate * 0.99);
    }
  });

  test("a token bucket continues to fill after the clock was set back", () => {
    const rate = 1;
    const { bucket } = take(fullBucket(rate, startAt), rate, startAt);
    const stepped = take(bucket, rate, startAt - 3_600_000);
    expect(stepped).toMatchObject({ taken: false, waitMs: 1000 });
    expect(take(stepped.bucket, rate, startAt - 3_600_000 + 1000).taken).toBe(true);
  });

  test("a token bucket holds between zero tokens and its burst, whatever the clock does", () => {
    fc.assert(
      fc.property(anyRate, fc.array(fc.nat(100_000)), (rate, instants) => {
        let bucket = fullBucket(rate, 0);
        for (const now of instants) {
          ({ bucket } = take(bucket, rate, now));
          expect(bucket.tokens).toBeGreaterThanOrEqual(0);
          expect(bucket.tokens).toBeLessThanOrEqual(burst(rate));
          expect(bucket.at).toBe(now);
        }
      }),
    );
  });
});
