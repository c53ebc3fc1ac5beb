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

/** Lets everything happen that will ever happen. */
function rest(): void {
  for (let event = clock.next(); event !== null; event = clock.next()) event.task();
}

describe("the watch on the clock", () => {
  test("says at once when it was set back by more than a second, and only then", () => {
    watch.now();
    clock.step(-900);
    watch.now();
    expect(said).toEqual([]);
    clock.step(-1100);
    expect(watch.now()).toBe(clock.wall);
    watch.now();
    expect(said).toEqual(["step"]);
  });

  test("calls what is near at its time", () => {
    watch.after(5 * MINUTE, () => said.push("called"));
    rest();
    expect(said).toEqual(["called"]);
    expect(clock.now).toBe(1_000_000_000 + 5 * MINUTE);
  });

  test("asks after five minutes to be asked again for what is far, once for all", () => {
    for (const hours of [1, 2, 3]) watch.after(hours * 60 * MINUTE, () => said.push("called"));
    rest();
    expect(said).toEqual(["look"]);
  });

  test("notices then that the clock was set forward", () => {
    watch.after(60 * MINUTE, () => {});
    clock.step(2000);
    rest();
    expect(said).toEqual(["step"]);
  });

  test("is silent when it has been stopped", () => {
    watch.after(60 * MINUTE, () => {});
    watch.stop();
    rest();
    expect(said).toEqual([]);
  });
});
