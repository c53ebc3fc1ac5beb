import { describe, expect, test } from "bun:test";
import { Lane } from "../../src/deliver/lane.ts";
import { NOTHING } from "../../src/deliver/lane-position.ts";
import { SLOW_MS, SlowWatch } from "../../src/deliver/watches/slow-watch.ts";
import { VirtualClock } from "../sim/clock.ts";

function watching() {
  const clock = new VirtualClock(1_000_000);
  const slow: Array<readonly [Lane, number]> = [];
  const watch = new SlowWatch(clock.ofProcess(0), (lane) => slow.push([lane, clock.now]));
  return {
    clock,
    slow,
    watch,
    /** An attempt that starts now. */
    start(lane: Lane) {
      const attempt = { lane, startedAt: clock.now };
      watch.started(attempt);
      return attempt;
    },
    pass(ms: number) {
      const until = clock.now + ms;
      while (clock.peek() <= until) clock.next()!.task();
      clock.skip(until - clock.now);
    },
  };
}

const [one, two] = [new Lane(1, NOTHING), new Lane(2, NOTHING)];

describe("the slow watch", () => {
  test("an attempt that is still under way after a second counts as slow and is reported once", () => {
    const { slow, start, pass } = watching();
    const { startedAt } = start(one);
    pass(SLOW_MS - 1);
    expect(slow).toEqual([]);
    pass(10 * SLOW_MS);
    expect(slow).toEqual([[one, startedAt + SLOW_MS]]);
  });

  test("an attempt that ends within a second is not reported", () => {
    const { clock, slow, watch, start, pass } = watching();
    const attempt = start(one);
    pass(SLOW_MS - 1);
    expect(watch.ended(attempt, clock.now)).toBe(true);
    pass(10 * SLOW_MS);
    expect(slow).toEqual([]);
  });

  test("an attempt of at most a second counts as fast", () => {
    const { watch, start } = watching();
    const [exact, longer] = [start(one), start(one)];
    expect(watch.ended(exact, exact.startedAt + SLOW_MS)).toBe(true);
    expect(watch.ended(longer, longer.startedAt + SLOW_MS + 1)).toBe(false);
  });

  test("many slow attempts are each reported when their own second has passed", () => {
    const { clock, slow, watch, start, pass } = watching();
    const { startedAt } = start(one);
    pass(300);
    const fast = start(one);
    start(two);
    watch.ended(fast, clock.now);
    pass(5 * SLOW_MS);
    expect(slow).toEqual([
      [one, startedAt + SLOW_MS],
      [two, startedAt + SLOW_MS + 300],
    ]);
  });

  test("the slow watch reports nothing after it has been stopped", () => {
    const { slow, watch, start, pass } = watching();
    start(one);
    watch.stop();
    pass(5 * SLOW_MS);
    expect(slow).toEqual([]);
  });
});
