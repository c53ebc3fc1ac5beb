import { describe, expect, test } from "bun:test";
import { IngestRate } from "../../../src/api/http/ingest-rate.ts";
import { Problem } from "../../../src/core/problem.ts";

/** Creates a limiter with a clock that the test sets. */
function limiter(ratePerSecond: number) {
  let now = 0;
  const rate = new IngestRate(ratePerSecond, { steady: () => now });
  /** Returns 0 if the messages are allowed; otherwise how long to wait, in ms. */
  const waitMs = (messages = 1): number => {
    try {
      rate.spend("caller", messages);
      return 0;
    } catch (error) {
      if (!(error instanceof Problem) || typeof error.retry !== "object" || error.retry === null) throw error;
      return error.retry.afterMs;
    }
  };
  const advance = (ms: number) => {
    now += ms;
  };
  return { waitMs, advance };
}

describe("the ingest rate", () => {
  test("at a rate of 20/s, a caller that sends 30 messages within 0.12 s gets 22 of them accepted", () => {
    const { waitMs, advance } = limiter(20);
    let allowed = 0;
    for (let i = 0; i < 30; i++) {
      if (waitMs() === 0) allowed++;
      advance(4);
    }
    expect(allowed).toBe(22);
  });

  test("a caller that waits for the time in Retry-After still reaches its rate", () => {
    for (const rate of [0.1, 0.4, 1, 1.5, 2.7, 20, 333]) {
      const { waitMs, advance } = limiter(rate);
      let [allowed, elapsedMs] = [0, 0];
      while (elapsedMs < 1_000_000) {
        const wait = waitMs();
        if (wait === 0) allowed++;
        const pause = wait === 0 ? 0 : Math.max(1, Math.ceil(wait / 1000)) * 1000;
        advance(pause);
        elapsedMs += pause;
      }
      expect(allowed / (elapsedMs / 1000)).toBeGreaterThan(rate * 0.99);
      expect(allowed / (elapsedMs / 1000)).toBeLessThan(rate * 1.02);
    }
  });

  test("a caller may send again after exactly the wait in ms that the refusal returned", () => {
    const { waitMs, advance } = limiter(3);
    while (waitMs() === 0);
    const wait = waitMs();
    advance(wait - 1);
    expect(waitMs()).toBe(1);
    advance(1);
    expect(waitMs()).toBe(0);
  });

  test("each message of a batch counts towards the ingest rate, even if the batch exceeds the messages of one second", () => {
    const { waitMs, advance } = limiter(10);
    expect(waitMs(100)).toBe(0);
    expect(waitMs()).toBe(9100);
    advance(9100);
    expect([waitMs(5), waitMs()]).toEqual([0, 500]);
  });

  test("each caller has a separate ingest rate", () => {
    const rate = new IngestRate(1, { steady: () => 0 });
    rate.spend("one", 1);
    expect(() => rate.spend("one", 1)).toThrow(Problem);
    rate.spend("other", 1);
  });
});
