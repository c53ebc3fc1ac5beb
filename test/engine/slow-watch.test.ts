import { describe, expect, test } from "bun:test";
import { Lane, NOTHING } from "../../src/deliver/lane.ts";
import { SLOW_MS, SlowWatch } from "../../src/deliver/slow-watch.ts";
import { VirtualClock } from "../sim/clock.ts";

function watching() {
  const clock = new VirtualClock(1_000_000);
  const slow: Array<readonly [Lane, number]> = [];
  const watch = new SlowWatch(clock.ofProcess(0), (lane) => slow.push([lane, clock.now]));
  return {
    clock,
    slow,
    watch,
    pass(ms: number) {
      const until = clock.now + ms;
      while (clock.peek() <= until) clock.next()!.task();
      clock.skip(until - clock.now);
    },
  };
}

const [one, two] = [new Lane(1, NOTHING), new Lane(2, NOTHING)];

describe("the slow watch", () => {
  test("notices an attempt that is still under way after a second, once", () => {
    const { clock, slow, watch, pass } = watching();
    const startedAt = clock.now;
    watch.started(one, startedAt);
    pass(SLOW_MS - 1);
    expect(slow).toEqual([]);
    pass(10 * SLOW_MS);
    expect(slow).toEqual([[one, startedAt + SLOW_MS]]);
  });

  test("says nothing of an attempt that has ended by then", () => {
    const { clock, slow, watch, pass } = watching();
    const watched = watch.started(one, clock.now);
    pass(SLOW_MS - 1);
    expect(watch.finished(watched, clock.now)).toBe(true);
    pass(10 * SLOW_MS);
    expect(slow).toEqual([]);
  });

  test("calls an attempt fast up to a second and not longer", () => {
    const { clock, watch } = watching();
    const startedAt = clock.now;
    expect(watch.finished(watch.started(one, startedAt), startedAt + SLOW_MS)).toBe(true);
    expect(watch.finished(watch.started(one, startedAt), startedAt + SLOW_MS + 1)).toBe(false);
  });

  test("notices each of many in its own time", () => {
    const { clock, slow, watch, pass } = watching();
    const startedAt = clock.now;
    watch.started(one, clock.now);
    pass(300);
    const fast = watch.started(one, clock.now);
    watch.started(two, clock.now);
    watch.finished(fast, clock.now);
    pass(5 * SLOW_MS);
    expect(slow).toEqual([
      [one, startedAt + SLOW_MS],
      [two, startedAt + SLOW_MS + 300],
    ]);
  });

  test("says nothing after it has been stopped", () => {
    const { clock, slow, watch, pass } = watching();
    watch.started(one, clock.now);
    watch.stop();
    pass(5 * SLOW_MS);
    expect(slow).toEqual([]);
  });
});
