import { describe, expect, test } from "bun:test";
import { Retention } from "../../src/deliver/tasks/retention.ts";
import { type Housekeeping, type Store, StoreUnavailable } from "../../src/store/index.ts";
import { VirtualClock } from "../sim/clock.ts";

const DAY_MS = 86_400_000;

/**
 * Returns a retention with a fake store. Each call uses the next of the `answers`: whether more
 * rows are left, the number of deleted rows if none are left, or an error to throw.
 */
function retentionOver(answers: ReadonlyArray<boolean | number | Error>, workMs = 0) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const startedAt = clock.now;
  const calls: Array<{ at: number; before: number; limit: number }> = [];
  const prune: Housekeeping["prune"] = async (before, now, limit) => {
    clock.skip(workMs);
    calls.push({ at: now - startedAt, before: before - now, limit });
    const answer = answers[calls.length - 1] ?? false;
    if (answer instanceof Error) throw answer;
    return typeof answer === "number" ? { deleted: answer, more: false } : { deleted: 0, more: answer };
  };
  const store = { housekeeping: { prune } } as unknown as Store;
  const doubt = { isDoubted: false };
  const retention = new Retention(clock.ofProcess(0), store, 90 * DAY_MS, () => doubt.isDoubted);
  return {
    retention,
    doubt,
    calls,
    async pass(ms: number) {
      const until = clock.now + ms;
      while (clock.peek() <= until) {
        clock.next()!.task();
        await new Promise((resolve) => setImmediate(resolve));
      }
      clock.skip(until - clock.now);
    },
  };
}

describe("the retention", () => {
  test("expired rows are deleted, a bounded number at a time", async () => {
    const { retention, calls } = retentionOver([true]);
    expect(await retention.runOnce()).toBe(true);
    expect(calls).toEqual([{ at: 0, before: -90 * DAY_MS, limit: expect.any(Number) }]);
    expect(calls[0]!.limit).toBeLessThanOrEqual(1000);
    expect(await retention.runOnce()).toBe(false);
  });

  test("the retention deletes again soon while expired rows are left, and otherwise after a minute", async () => {
    const { retention, calls, pass } = retentionOver([true, true, true, false, false]);
    retention.start();
    await pass(1000);
    expect(calls).toHaveLength(4);
    await pass(120_000);
    expect(calls).toHaveLength(6);
  });

  test("the retention deletes again after a second if it has deleted rows, so that it keeps up with the intake", async () => {
    const { retention, calls, pass } = retentionOver([3, 2, 0, 1]);
    retention.start();
    await pass(300_000);
    const pausesMs = calls.slice(1).map(({ at }, index) => at - calls[index]!.at);
    expect(pausesMs.slice(0, 5)).toEqual([1000, 1000, 60_000, 1000, 60_000]);
  });

  test("the pause of the retention grows with the time that a deletion takes", async () => {
    const { retention, calls, pass } = retentionOver([true, true, true], 50);
    retention.start();
    await pass(2000);
    const pausesMs = calls.slice(1, 3).map(({ at }, index) => at - calls[index]!.at - 50);
    expect(pausesMs).toEqual([200, 200]);
  });

  test("the retention retries a deletion that failed because the disk was full", async () => {
    const { retention, calls, pass } = retentionOver([new StoreUnavailable("full"), false]);
    retention.start();
    await pass(61_000);
    expect(calls).toHaveLength(2);
  });

  test("the retention deletes nothing while the clock is doubted, and continues afterwards", async () => {
    const { retention, calls, doubt, pass } = retentionOver([true, true, false]);
    doubt.isDoubted = true;
    retention.start();
    await pass(3_600_000);
    expect(calls).toHaveLength(0);
    doubt.isDoubted = false;
    await pass(1000);
    expect(calls).toHaveLength(3);
  });

  test("nothing is deleted after the retention has been stopped", async () => {
    const { retention, calls, pass } = retentionOver([true, true, true]);
    retention.start();
    await pass(25);
    retention.stop();
    await pass(3_600_000);
    expect(calls).toHaveLength(1);
  });
});
