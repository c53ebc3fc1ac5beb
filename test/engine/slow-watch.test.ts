import { describe, expect, test } from "bun:test";
import { Lane } from "../../src/deliver/lane.ts";
import { NOTHING } from "../../src/deliver/lane-position.ts";
import { PATIENCE_MS, SHORT_MS, SLOW_MS, SlowWatch } from "../../src/deliver/watches/slow-watch.ts";
import { VirtualClock } from "../sim/clock.ts";

function watching() {
  const clock = new VirtualClock(1_000_000);
  const slow: Array<readonly [Lane, number]> = [];
  const short: { since: number | null } = { since: null };
  const watch = new SlowWatch<{ lane: Lane; startTime: number }>(
    { now: () => clock.now, after: clock.ofProcess(0).after },
    () => short.since,
    ({ lane }) => slow.push([lane, clock.now]),
  );
  return {
    clock,
    short,
    slow,
    watch,
    /** Begins an attempt now. */
    start(lane: Lane) {
      const attempt = { lane, startTime: clock.now };
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
    const { startTime } = start(one);
    pass(SLOW_MS - 1);
    expect(slow).toEqual([]);
    pass(10 * SLOW_MS);
    expect(slow).toEqual([[one, startTime + SLOW_MS]]);
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
    expect(watch.ended(exact, exact.startTime + SLOW_MS)).toBe(true);
    expect(watch.ended(longer, longer.startTime + SLOW_MS + 1)).toBe(false);
  });

  test("each of many slow attempts is reported one second after its own start", () => {
    const { clock, slow, watch, start, pass } = watching();
    const { startTime } = start(one);
    pass(300);
    const fast = start(one);
    start(two);
    watch.ended(fast, clock.now);
    pass(5 * SLOW_MS);
    expect(slow).toEqual([
      [one, startTime + SLOW_MS],
      [two, startTime + SLOW_MS + 300],
    ]);
  });

  test("slow attempts are reported early only while a lane waits too long for a slot", () => {
    const { clock, short, slow, watch, start, pass } = watching();
    const { startTime } = start(one);
    pass(10);
    short.since = clock.now;
    watch.look();
    pass(PATIENCE_MS - 10);
    start(two);
    expect(slow).toEqual([]);
    pass(10);
    expect(slow).toEqual([[one, startTime + 10 + PATIENCE_MS]]);
    pass(SHORT_MS - 11);
    expect(slow).toHaveLength(1);
    short.since = null;
    pass(5 * SLOW_MS);
    expect(slow.slice(1)).toEqual([[two, startTime + PATIENCE_MS + SLOW_MS]]);
  });

  test("an attempt is not reported in its first tenth of a second, however long a lane has been waiting", () => {
    const { clock, short, slow, watch, start, pass } = watching();
    short.since = clock.now - SLOW_MS;
    const { startTime } = start(one);
    watch.look();
    pass(SLOW_MS);
    expect(slow).toEqual([[one, startTime + SHORT_MS]]);
  });

  test("the slow watch reports nothing after it has been stopped", () => {
    const { slow, watch, start, pass } = watching();
    start(one);
    watch.stop();
    pass(5 * SLOW_MS);
    expect(slow).toEqual([]);
  });
});
