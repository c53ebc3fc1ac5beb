import { describe, expect, test } from "bun:test";
import { Lane, NOTHING, type Standing } from "../../src/deliver/lane.ts";
import { Slots } from "../../src/deliver/slots.ts";

let number = 0;
function laneOf(standing: Standing): Lane {
  const lane = new Lane(++number, NOTHING);
  lane.standing = standing;
  return lane;
}

/** Gives slots to the lanes, each lining up again at once, until none is free for any of them. */
function fill(slots: Slots, lanes: readonly Lane[]): Lane[] {
  for (const lane of lanes) slots.line(lane);
  const served: Lane[] = [];
  for (let lane = slots.next(); lane !== null; lane = slots.next()) {
    slots.occupy(lane);
    served.push(lane);
    slots.line(lane);
  }
  return served;
}

describe("the slots", () => {
  test.each<[Standing, number, number]>([
    ["proven", 16, 12],
    ["troubled", 16, 12],
    ["unproven", 16, 14],
    ["proven", 1, 1],
    ["troubled", 1, 1],
    ["unproven", 1, 1],
    ["troubled", 2, 1],
    ["troubled", 4, 3],
    ["troubled", 256, 192],
    ["unproven", 256, 224],
  ])("let %s lanes, of %d, hold %d when they are two", (standing, total, wanted) => {
    const slots = new Slots(total);
    fill(slots, [laneOf(standing), laneOf(standing)]);
    expect(slots.active).toBe(wanted);
    expect(slots.activeOf(standing)).toBe(wanted);
  });

  test("keep the last quarter for lanes that hold none", () => {
    const slots = new Slots(16);
    const early = [laneOf("proven"), laneOf("proven")];
    fill(slots, early);
    const late = [1, 2, 3, 4, 5].map(() => laneOf("proven"));
    fill(slots, late);
    expect(late.map(({ inFlight }) => inFlight)).toEqual([1, 1, 1, 1, 0]);
    expect(slots.active).toBe(16);
  });

  test("keep an eighth for the proven when the troubled and the unproven want all", () => {
    const slots = new Slots(16);
    const proven = [laneOf("proven"), laneOf("proven")];
    fill(slots, [laneOf("troubled"), laneOf("unproven")]);
    expect(slots.active).toBe(14);
    fill(slots, proven);
    expect(proven.map(({ inFlight }) => inFlight)).toEqual([1, 1]);
  });

  test("serve the lanes of one standing in turns", () => {
    const slots = new Slots(16);
    const lanes = [laneOf("troubled"), laneOf("troubled"), laneOf("troubled")];
    expect(fill(slots, lanes)).toEqual([...lanes, ...lanes, ...lanes, ...lanes]);
  });

  test("serve the standings in turns", () => {
    const slots = new Slots(32);
    const lanes = [laneOf("proven"), laneOf("unproven"), laneOf("troubled")];
    expect(new Set(fill(slots, lanes).slice(0, 6))).toEqual(new Set(lanes));
    expect(lanes.map(({ inFlight }) => inFlight >= 6)).toEqual([true, true, true]);
  });

  test("have each lane in line once", () => {
    const slots = new Slots(4);
    const lane = laneOf("proven");
    slots.line(lane);
    slots.line(lane);
    expect(slots.next()).toBe(lane);
    expect(slots.next()).toBeNull();
  });

  test("give a slot that was freed to the next", () => {
    const slots = new Slots(1);
    const [one, two] = [laneOf("proven"), laneOf("proven")];
    fill(slots, [one]);
    slots.line(two);
    expect(slots.next()).toBeNull();
    slots.free(one);
    expect(slots.active).toBe(0);
    expect(new Set([slots.next(), slots.next()])).toEqual(new Set([one, two]));
  });

  test("count what a lane holds for its new standing as soon as that changes", () => {
    const slots = new Slots(16);
    const lane = laneOf("proven");
    fill(slots, [lane]);
    slots.restand(lane, "troubled");
    expect([slots.activeOf("proven"), slots.activeOf("troubled")]).toEqual([0, 12]);
    expect(slots.next()).toBeNull();
    slots.free(lane);
    expect(slots.activeOf("troubled")).toBe(11);
    expect(slots.next()).toBe(lane);
  });

  test("let a lane that waits stand in the line of its new standing, once", () => {
    const slots = new Slots(16);
    const lane = laneOf("proven");
    slots.line(lane);
    slots.restand(lane, "troubled");
    expect(slots.next()).toBe(lane);
    expect(slots.next()).toBeNull();
  });

  test("keep the order of a line that is thousands long", () => {
    const slots = new Slots(100_000);
    const lanes = Array.from({ length: 5000 }, () => laneOf("proven"));
    expect([...new Set(fill(slots, lanes))]).toEqual(lanes);
  });
});
