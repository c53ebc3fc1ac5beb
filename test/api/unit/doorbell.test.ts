import { describe, expect, test } from "bun:test";
import { Doorbell } from "../../../src/api/live/doorbell.ts";
import { Facts } from "../../../src/core/facts.ts";
import type { Clock } from "../../../src/ports.ts";

/** Returns a doorbell whose timers fire only when the test runs them. */
function setup() {
  const facts = new Facts();
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    steady: () => 0,
    after: (_, task) => {
      timers.add(task);
      return () => void timers.delete(task);
    },
    soon: queueMicrotask,
  };
  const stopping = new AbortController();
  const caller = new AbortController();
  const doorbell = new Doorbell(facts, clock, stopping.signal);
  const accepted = (applicationSeq: number) =>
    facts.state({
      type: "message.accepted",
      messageSeq: 1,
      applicationSeq,
      environmentSeq: 1,
      eventType: "a",
      deliveries: 0,
    });
  return { doorbell, timers, stopping, caller, accepted };
}

/** Returns whether the promise has resolved. */
async function isOver(promise: Promise<void>): Promise<boolean> {
  return Promise.race([
    promise.then(() => true),
    new Promise<boolean>((resolve) => setImmediate(() => resolve(false))),
  ]);
}

describe("waits for messages", () => {
  test("a wait is short while other instances accept messages", () => {
    const waits: number[] = [];
    const after = (ms: number) => {
      waits.push(ms);
      return () => {};
    };
    const clock = { after } as unknown as Clock;
    let isShared = false;
    const doorbell = new Doorbell(new Facts(), clock, undefined, undefined, () => isShared);
    doorbell.wait(7, 20_000, new AbortController().signal);
    isShared = true;
    doorbell.wait(7, 20_000, new AbortController().signal);
    doorbell.wait(7, 50, new AbortController().signal);
    expect(waits).toEqual([20_000, 200, 50]);
  });

  test("a wait ends when a message arrives for its application, but not when one arrives for another application", async () => {
    const { doorbell, caller, accepted, timers } = setup();
    const wait = doorbell.wait(7, 1000, caller.signal);
    accepted(8);
    expect(await isOver(wait.over)).toBe(false);
    accepted(7);
    expect(await isOver(wait.over)).toBe(true);
    expect(timers.size).toBe(0);
  });

  test("a wait ends at its timeout, when the caller disconnects or when the server stops", async () => {
    const { doorbell, caller, stopping, timers } = setup();
    const timed = doorbell.wait(7, 1000, caller.signal);
    for (const task of timers) task();
    expect(await isOver(timed.over)).toBe(true);
    const other = new AbortController();
    const [left, stopped] = [doorbell.wait(7, 1000, other.signal), doorbell.wait(7, 1000, caller.signal)];
    other.abort();
    expect([await isOver(left.over), await isOver(stopped.over)]).toEqual([true, false]);
    stopping.abort();
    expect(await isOver(stopped.over)).toBe(true);
    expect(timers.size).toBe(0);
    expect(await isOver(doorbell.wait(7, 1000, caller.signal).over)).toBe(true);
  });

  test("a wait ends immediately if its timeout is 0 or too many requests wait, and cancelling a wait makes room for another", async () => {
    const { doorbell, caller } = setup();
    expect(await isOver(doorbell.wait(7, 0, caller.signal).over)).toBe(true);
    const waits = Array.from({ length: 1000 }, (_, i) => doorbell.wait(i, 1000, caller.signal));
    expect(await isOver(doorbell.wait(7, 1000, caller.signal).over)).toBe(true);
    waits[0]!.cancel();
    expect(await isOver(doorbell.wait(7, 1000, caller.signal).over)).toBe(false);
  });

  test("if a hundred requests wait for one application, the next wait for it ends immediately, but not a wait for another application", async () => {
    const { doorbell, caller } = setup();
    const waits = Array.from({ length: 100 }, () => doorbell.wait(7, 1000, caller.signal));
    expect(await isOver(doorbell.wait(7, 1000, caller.signal).over)).toBe(true);
    expect(await isOver(doorbell.wait(8, 1000, caller.signal).over)).toBe(false);
    waits[0]!.cancel();
    expect(await isOver(doorbell.wait(7, 1000, caller.signal).over)).toBe(false);
  });
});
