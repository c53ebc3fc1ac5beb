import { beforeEach, describe, expect, test } from "bun:test";
import { DeliveryTime } from "../../src/deliver/delivery-time.ts";
import { ClockWatch } from "../../src/deliver/watches/clock-watch.ts";
import { VirtualClock } from "../sim/clock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = 1_000_000_000;

let clock: VirtualClock;
let time: DeliveryTime;
let watch: ClockWatch;
let said: string[];
beforeEach(() => {
  clock = new VirtualClock(START);
  said = [];
  time = newTime();
  watch = new ClockWatch(time, () => said.push("look"));
});

function newTime(): DeliveryTime {
  const made = new DeliveryTime(clock.ofProcess(0));
  made.onClockSet = () => said.push("step");
  return made;
}

/** Advances the time until no timer is left. */
function rest(): void {
  for (let event = clock.next(); event !== null; event = clock.next()) event.task();
}

describe("the delivery time", () => {
  test("the delivery time passes evenly when the clock is set, and a step of more than a second is reported", () => {
    expect(time.now()).toBe(START);
    clock.step(-900);
    expect(time.now()).toBe(START);
    expect(said).toEqual([]);
    clock.step(-HOUR);
    clock.skip(5);
    expect(time.now()).toBe(START + 5);
    clock.step(2 * HOUR);
    expect(time.now()).toBe(START + 5);
    time.now();
    expect(said).toEqual(["step", "step"]);
    expect(time.aheadMs).toBe(HOUR - 900);
  });

  test("new positions are never behind the wall clock or earlier positions", () => {
    const ahead = [-HOUR, 3 * HOUR, -2 * HOUR].map((byMs) => {
      clock.step(byMs);
      time.now();
      return time.positionsAheadMs;
    });
    expect(ahead).toEqual([0, 2 * HOUR, 2 * HOUR]);
  });

  test("the delivery time continues after a restart", () => {
    for (const byMs of [-HOUR, 5 * HOUR]) {
      clock.step(byMs);
      const before = time.now();
      const { offsets } = time;
      clock.skip(MINUTE);
      time = newTime();
      time.resume(offsets, START);
      expect(time.now()).toBe(before + MINUTE);
      expect(time.offsets).toEqual(offsets);
    }
  });

  test("if the clock was set back while no process ran, the delivery time continues where it ended", () => {
    clock.skip(MINUTE);
    const [before, { offsets }] = [time.now(), time];
    clock.step(-HOUR);
    time = newTime();
    time.resume(offsets, before);
    expect(time.now()).toBe(before);
    expect(time.offsets).toEqual({ aheadMs: -HOUR, positionsAheadMs: 0 });
  });

  test("the delivery time includes the time during which no process ran", () => {
    const { offsets } = time;
    clock.skip(HOUR);
    time = newTime();
    time.resume(offsets, START);
    expect(time.now()).toBe(START + HOUR);
  });
});

describe("the clock watch", () => {
  test("the clock watch runs a task on time if it is due within five minutes", () => {
    watch.after(5 * MINUTE, () => said.push("called"));
    rest();
    expect(said).toEqual(["called"]);
    expect(clock.now).toBe(START + 5 * MINUTE);
  });

  test("after five minutes the clock watch asks once for all distant tasks to be rescheduled", () => {
    for (const hours of [1, 2, 3]) watch.after(hours * HOUR, () => said.push("called"));
    rest();
    expect(said).toEqual(["look"]);
  });

  test("the clock watch detects within five minutes that the clock was set", () => {
    watch.after(HOUR, () => {});
    clock.step(2000);
    rest();
    expect(said).toEqual(["step", "look"]);
  });

  test("the clock watch runs no task after it has been stopped", () => {
    watch.after(HOUR, () => {});
    watch.stop();
    rest();
    expect(said).toEqual([]);
  });
});
