import { beforeEach, describe, expect, test } from "bun:test";
import { ClockWatch } from "../../src/deliver/watches/clock-watch.ts";
import { VirtualClock } from "../sim/clock.ts";

const MINUTE = 60_000;

let clock: VirtualClock;
let watch: ClockWatch;
let said: string[];
beforeEach(() => {
  clock = new VirtualClock(1_000_000_000);
  said = [];
  watch = new ClockWatch(
    clock.ofProcess(0),
    () => said.push("step"),
    () => said.push("look"),
  );
});

/** Advances the time until no timer is left. */
function rest(): void {
  for (let event = clock.next(); event !== null; event = clock.next()) event.task();
}

describe("the clock watch", () => {
  test("the clock watch detects immediately that the clock was set back, but only if by more than a second", () => {
    watch.now();
    clock.step(-900);
    watch.now();
    expect(said).toEqual([]);
    clock.step(-1100);
    expect(watch.now()).toBe(clock.wall);
    watch.now();
    expect(said).toEqual(["step"]);
  });

  test("the clock watch calls a callback that is due within a few minutes on time", () => {
    watch.after(5 * MINUTE, () => said.push("called"));
    rest();
    expect(said).toEqual(["called"]);
    expect(clock.now).toBe(1_000_000_000 + 5 * MINUTE);
  });

  test("the clock watch does not call callbacks that are hours away, but asks once after five minutes to set all of them again", () => {
    for (const hours of [1, 2, 3]) watch.after(hours * 60 * MINUTE, () => said.push("called"));
    rest();
    expect(said).toEqual(["look"]);
  });

  test("the clock watch detects within five minutes that the clock was set forward", () => {
    watch.after(60 * MINUTE, () => {});
    clock.step(2000);
    rest();
    expect(said).toEqual(["step"]);
  });

  test("the clock watch calls nothing after it has been stopped", () => {
    watch.after(60 * MINUTE, () => {});
    watch.stop();
    rest();
    expect(said).toEqual([]);
  });
});
