import { describe, expect, test } from "bun:test";
import { Lane, type Reputation } from "../../src/deliver/lane.ts";
import { NOTHING } from "../../src/deliver/lane-position.ts";
import { Slots } from "../../src/deliver/slots.ts";

let number = 0;
function laneOf(reputation: Reputation): Lane {
  const lane = new Lane(++number, NOTHING);
  lane.reputation = reputation;
  return lane;
}

/** Makes a lane ready and queues it. */
function request(slots: Slots, lane: Lane): void {
  lane.state = "ready";
  slots.queue(lane);
}

/** Returns the lane that is served next. That lane is then no longer ready. */
function next(slots: Slots): Lane | null {
  const lane = slots.next();
  if (lane !== null) lane.state = "idle";
  return lane;
}

/**
 * Gives slots to the lanes until none of them can get another. Each lane is ready again
 * immediately.
 */
function fill(slots: Slots, lanes: readonly Lane[]): Lane[] {
  for (const lane of lanes) request(slots, lane);
  const served: Lane[] = [];
  for (let lane = next(slots); lane !== null; lane = next(slots)) {
    slots.take(lane);
    served.push(lane);
    request(slots, lane);
  }
  return served;
}

describe("slots", () => {
  test.each<[Reputation, number, number]>([
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
  ])("two %s lanes take of %d slots at most %d", (reputation, total, wanted) => {
    const slots = new Slots(total);
    fill(slots, [laneOf(reputation), laneOf(reputation)]);
    expect(slots.taken).toBe(wanted);
    expect(slots.takenBy(reputation)).toBe(wanted);
  });

  test("the last quarter of the slots is reserved for proven lanes that hold no slot", () => {
    const slots = new Slots(16);
    const early = [laneOf("proven"), laneOf("proven")];
    fill(slots, early);
    const late = [1, 2, 3, 4, 5].map(() => laneOf("proven"));
    fill(slots, late);
    expect(late.map(({ slotsHeld }) => slotsHeld)).toEqual([1, 1, 1, 1, 0]);
    expect(slots.taken).toBe(16);
  });

  test("an eighth of the slots is reserved for proven lanes while troubled and unproven lanes could use all slots", () => {
    const slots = new Slots(16);
    const proven = [laneOf("proven"), laneOf("proven")];
    fill(slots, [laneOf("troubled"), laneOf("unproven")]);
    expect(slots.taken).toBe(14);
    fill(slots, proven);
    expect(proven.map(({ slotsHeld }) => slotsHeld)).toEqual([1, 1]);
  });

  test("lanes with the same reputation are served in turn", () => {
    const slots = new Slots(16);
    const lanes = [laneOf("troubled"), laneOf("troubled"), laneOf("troubled")];
    expect(fill(slots, lanes)).toEqual([...lanes, ...lanes, ...lanes, ...lanes]);
  });

  test("the reputations are served in turn", () => {
    const slots = new Slots(32);
    const lanes = [laneOf("proven"), laneOf("unproven"), laneOf("troubled")];
    expect(new Set(fill(slots, lanes).slice(0, 6))).toEqual(new Set(lanes));
    expect(lanes.map(({ slotsHeld }) => slotsHeld >= 6)).toEqual([true, true, true]);
  });

  test("a lane that is no longer ready is skipped", () => {
    const slots = new Slots(4);
    const [gone, ready] = [laneOf("proven"), laneOf("proven")];
    request(slots, gone);
    request(slots, ready);
    gone.state = "paused";
    expect(next(slots)).toBe(ready);
    expect(next(slots)).toBeNull();
  });

  test("a lane that is queued twice is served once", () => {
    const slots = new Slots(4);
    const lane = laneOf("proven");
    request(slots, lane);
    request(slots, lane);
    expect(next(slots)).toBe(lane);
    expect(next(slots)).toBeNull();
  });

  test("a released slot goes to the next lane", () => {
    const slots = new Slots(1);
    const [one, two] = [laneOf("proven"), laneOf("proven")];
    fill(slots, [one]);
    request(slots, two);
    expect(next(slots)).toBeNull();
    slots.release(one);
    expect(slots.taken).toBe(0);
    expect(new Set([next(slots), next(slots)])).toEqual(new Set([one, two]));
  });

  test("the slots that a lane holds count for its new reputation as soon as the reputation changes", () => {
    const slots = new Slots(16);
    const lane = laneOf("proven");
    fill(slots, [lane]);
    slots.setReputation(lane, "troubled");
    expect([slots.takenBy("proven"), slots.takenBy("troubled")]).toEqual([0, 12]);
    expect(next(slots)).toBeNull();
    slots.release(lane);
    expect(slots.takenBy("troubled")).toBe(11);
    expect(next(slots)).toBe(lane);
  });

  test("a ready lane is served once after its reputation has changed", () => {
    const slots = new Slots(16);
    const lane = laneOf("proven");
    request(slots, lane);
    slots.setReputation(lane, "troubled");
    expect(next(slots)).toBe(lane);
    expect(next(slots)).toBeNull();
  });

  test("a queue of thousands of lanes keeps its order", () => {
    const slots = new Slots(100_000);
    const lanes = Array.from({ length: 5000 }, () => laneOf("proven"));
    expect([...new Set(fill(slots, lanes))]).toEqual(lanes);
  });
});
