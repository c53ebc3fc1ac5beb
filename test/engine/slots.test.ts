import { describe, expect, test } from "bun:test";
import { attemptsMax } from "../../src/core/concurrency.ts";
import { Lane, type Reputation } from "../../src/deliver/lane.ts";
import { NOTHING } from "../../src/deliver/lane-position.ts";
import { type Slot, Slots } from "../../src/deliver/slots.ts";

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

/** Returns the lane that is served next. It is then no longer ready. */
function next(slots: Slots): Lane | null {
  const lane = slots.next();
  if (lane !== null) lane.state = "idle";
  return lane;
}

/**
 * Gives slots to the lanes until none of them can get another. Each lane becomes ready again
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
    ["failing", 16, 12],
    ["slow", 16, 12],
    ["unproven", 16, 14],
    ["proven", 1, 1],
    ["failing", 1, 1],
    ["slow", 1, 1],
    ["unproven", 1, 1],
    ["failing", 2, 1],
    ["slow", 4, 3],
    ["slow", 256, 192],
    ["unproven", 256, 224],
  ])("with two %s lanes and %d slots, at most %d slots are taken", (reputation, total, wanted) => {
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
    expect(late.map(({ underWay }) => underWay)).toEqual([1, 1, 1, 1, 0]);
    expect(slots.taken).toBe(16);
  });

  test("an eighth of the slots is reserved for proven lanes when failing, slow and unproven lanes could use all slots", () => {
    const slots = new Slots(16);
    const proven = [laneOf("proven"), laneOf("proven")];
    fill(slots, [laneOf("failing"), laneOf("slow"), laneOf("unproven")]);
    expect(slots.taken).toBe(14);
    fill(slots, proven);
    expect(proven.map(({ underWay }) => underWay)).toEqual([1, 1]);
  });

  test("lanes with the same reputation are served in turn", () => {
    const slots = new Slots(16);
    const lanes = [laneOf("slow"), laneOf("slow"), laneOf("slow")];
    expect(fill(slots, lanes)).toEqual([...lanes, ...lanes, ...lanes, ...lanes]);
  });

  test("lanes with different reputations are served in turn", () => {
    const slots = new Slots(32);
    const lanes = [laneOf("proven"), laneOf("unproven"), laneOf("failing"), laneOf("slow")];
    expect(new Set(fill(slots, lanes).slice(0, 8))).toEqual(new Set(lanes));
    expect(lanes.map(({ underWay }) => underWay >= 5)).toEqual([true, true, true, true]);
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
    const slot = slots.take(one);
    request(slots, one);
    request(slots, two);
    expect(next(slots)).toBeNull();
    slots.release(slot);
    expect(slots.taken).toBe(0);
    expect(new Set([next(slots), next(slots)])).toEqual(new Set([one, two]));
  });

  test("when a lane's reputation changes, the slots that the lane holds count for the new reputation immediately", () => {
    const slots = new Slots(16);
    const lane = laneOf("proven");
    const slot = slots.take(lane);
    fill(slots, [lane]);
    slots.setReputation(lane, "slow");
    expect([slots.takenBy("proven"), slots.takenBy("slow")]).toEqual([0, 12]);
    expect(next(slots)).toBeNull();
    slots.release(slot);
    expect(slots.takenBy("slow")).toBe(11);
    expect(next(slots)).toBe(lane);
  });

  test("a ready lane is served once after its reputation has changed", () => {
    const slots = new Slots(16);
    const lane = laneOf("proven");
    request(slots, lane);
    slots.setReputation(lane, "slow");
    expect(next(slots)).toBe(lane);
    expect(next(slots)).toBeNull();
  });

  test("a queue of thousands of lanes keeps its order", () => {
    const slots = new Slots(100_000);
    const lanes = Array.from({ length: 5000 }, () => laneOf("proven"));
    expect([...new Set(fill(slots, lanes))]).toEqual(lanes);
  });
});

describe("a returned slot", () => {
  /** Gives a lane its first slots. */
  function started(slots: Slots, reputation: Reputation, count = 1): { lane: Lane; held: Slot[] } {
    const lane = laneOf(reputation);
    return { lane, held: Array.from({ length: count }, () => slots.take(lane)) };
  }

  test("a returned slot goes to another lane while the attempt is still under way", () => {
    const slots = new Slots(1);
    const { lane, held } = started(slots, "proven");
    const other = laneOf("proven");
    request(slots, other);
    expect(next(slots)).toBeNull();
    slots.giveBack(held[0]!);
    expect(next(slots)).toBe(other);
    expect([lane.underWay, slots.taken, slots.waiting, slots.underWay]).toEqual([1, 0, 1, 1]);
    slots.release(held[0]!);
    expect([lane.underWay, slots.taken, slots.waiting, slots.underWay]).toEqual([0, 0, 0, 0]);
  });

  test("slots count as short only while a proven or unproven lane without an attempt under way waits for a slot", () => {
    const wanted: [Reputation, number, boolean][] = [
      ["proven", 0, true],
      ["unproven", 0, true],
      ["proven", 1, false],
      ["failing", 0, false],
      ["slow", 0, false],
    ];
    for (const [reputation, count, isShort] of wanted) {
      const slots = new Slots(4);
      const { lane } = started(slots, reputation, count);
      started(slots, "proven", 4 - count);
      expect(slots.shortSince).toBeNull();
      lane.readySince = 5;
      request(slots, lane);
      expect([reputation, count, slots.shortSince]).toEqual([reputation, count, isShort ? 5 : null]);
    }
  });

  test("while too many attempts of slow lanes are waiting, failing lanes can start attempts but slow lanes cannot", () => {
    const slots = new Slots(4);
    for (const slot of started(slots, "slow", 3).held) slots.giveBack(slot);
    const [slow, failing] = [laneOf("slow"), laneOf("failing")];
    expect(fill(slots, [slow])).toEqual([]);
    expect(fill(slots, [failing])).toEqual([failing, failing, failing]);
  });

  test("a lane starts one attempt at a time while half of the places for waiting attempts are in use", () => {
    const slots = new Slots(4);
    for (const slot of started(slots, "proven", 16).held) slots.giveBack(slot);
    const lanes = (["proven", "unproven", "failing", "slow"] as const).map((reputation) => laneOf(reputation));
    for (const lane of lanes) request(slots, lane);
    const served: (Lane | null)[] = [];
    for (let lane = next(slots); lane !== null; lane = next(slots)) {
      slots.take(lane);
      served.push(lane);
      if (lane.reputation === "proven") request(slots, lane);
    }
    expect(served.map((lane) => lane?.reputation)).toEqual(["proven", "unproven"]);
  });

  test("an attempt keeps its slot while all places for waiting attempts are in use", () => {
    const slots = new Slots(2);
    const { held } = started(slots, "proven", attemptsMax(2));
    for (const slot of held) slots.giveBack(slot);
    expect([slots.taken, slots.waiting]).toEqual([2, 16]);
    request(slots, laneOf("proven"));
    expect(slots.shortSince).toBeNull();
  });

  test("when a lane's reputation changes, the lane's waiting attempts count for the new reputation", () => {
    const slots = new Slots(4);
    const { lane, held } = started(slots, "proven", 4);
    for (const slot of held) slots.giveBack(slot);
    slots.setReputation(lane, "slow");
    expect(fill(slots, [laneOf("slow")])).toEqual([]);
    slots.setReputation(lane, "proven");
    expect(fill(slots, [laneOf("slow")])).toHaveLength(3);
  });
});
