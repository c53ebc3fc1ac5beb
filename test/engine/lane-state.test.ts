import { describe, expect, test } from "bun:test";
import { seqAt, timeOfSeq } from "../../src/core/id.ts";
import { Lane, type LaneState } from "../../src/deliver/lane.ts";
import { NOTHING } from "../../src/deliver/lane-position.ts";
import { earliestStart, nextWorkAt, stateOf } from "../../src/deliver/lane-state.ts";
import type { EndpointEntry } from "../../src/store/directory.ts";
import type { Endpoint, PendingDelivery } from "../../src/store/index.ts";

const NOW = Date.UTC(2026, 0, 1);
const SEQ = seqAt(NOW);
const rules = {
  ...{ lastPosition: SEQ, aheadMs: 0, positionsAheadMs: 0, endpointConcurrency: 3 },
  isClosedFor: ({ paused }: { readonly paused: boolean }) => paused,
  isBusy: () => false,
};

function deliveryOf(change: Partial<PendingDelivery> = {}): PendingDelivery {
  const times = { position: SEQ, dueAt: NOW, attempts: 0, round: 0, trigger: "schedule", batchSeq: null } as const;
  return { seq: SEQ, messageSeq: 1, endpointSeq: 7, ...times, ...change };
}

/** A lane with one delivery in memory, whose endpoint has already had an attempt. */
function laneOf(endpoint: Partial<Endpoint & { deleted: boolean }> | null = {}): Lane {
  const lane = new Lane(7, NOTHING);
  lane.append({ delivery: deliveryOf(), content: null, payloadBytes: 0, batch: null });
  lane.hasEndedAttempt = true;
  if (endpoint !== null) lane.entry = { endpoint: { concurrency: null, ...endpoint } } as unknown as EndpointEntry;
  return lane;
}

describe("the state of a lane", () => {
  const cases: [what: string, state: LaneState, lane: () => Lane][] = [
    ["a lane with a delivery in memory is ready", "ready", () => laneOf()],
    ["a lane whose endpoint has not been read yet is ready, so that the endpoint is read", "ready", () => laneOf(null)],
    ["a lane without deliveries is idle", "idle", () => new Lane(7, NOTHING)],
    ["a lane with a due delivery on disk is ready", "ready", () => new Lane(7, SEQ)],
    ["a lane whose next delivery on disk is due later is parked", "parked", () => new Lane(7, seqAt(NOW + 1))],
    ["a lane that is being read is reading", "reading", () => Object.assign(laneOf(), { isReading: true })],
    ["a lane of another process is foreign", "foreign", () => Object.assign(laneOf(), { isOwned: false })],
    ["a lane whose endpoint is paused is paused", "paused", () => laneOf({ paused: true })],
    [
      "a lane that may not be served before a later time is parked",
      "parked",
      () => Object.assign(laneOf(), { restsUntil: NOW + 1 }),
    ],
    ["a lane that may be served again is ready", "ready", () => Object.assign(laneOf(), { restsUntil: NOW })],
    ["a lane with as many slots as allowed is full", "full", () => Object.assign(laneOf(), { underWay: 3 })],
    ["a lane with fewer slots than allowed is ready", "ready", () => Object.assign(laneOf(), { underWay: 2 })],
    [
      "a lane is full when it holds as many slots as its endpoint's own concurrency",
      "full",
      () => Object.assign(laneOf({ concurrency: 1 }), { underWay: 1 }),
    ],
    ["a fifo lane is full with one slot", "full", () => Object.assign(laneOf({ ordering: "fifo" }), { underWay: 1 })],
    [
      "a lane is full with one slot until its first attempt has ended",
      "full",
      () => Object.assign(laneOf(), { hasEndedAttempt: false, underWay: 1 }),
    ],
    [
      "the lane of a disabled endpoint is ready even if the endpoint is paused and the lane is full, so that its deliveries are ended",
      "ready",
      () => Object.assign(laneOf({ disabled: true, paused: true }), { underWay: 3 }),
    ],
    [
      "the lane of a deleted endpoint is ready even if the endpoint is paused",
      "ready",
      () => laneOf({ deleted: true, paused: true }),
    ],
  ];
  test.each(cases)("%s", (_, state, lane) => {
    expect(stateOf(lane(), NOW, rules)).toBe(state);
  });
});

test("a lane is paused while the gate is closed, unless its pending deliveries must be ended", () => {
  const closed = { ...rules, isClosedFor: () => true };
  expect(stateOf(laneOf(), NOW, closed)).toBe("paused");
  expect(stateOf(Object.assign(laneOf(), { underWay: 3 }), NOW, closed)).toBe("paused");
  expect(stateOf(laneOf({ disabled: true }), NOW, closed)).toBe("ready");
  expect(stateOf(laneOf({ deleted: true }), NOW, closed)).toBe("ready");
  // The environment of an endpoint that has not been read is not known.
  expect(stateOf(laneOf(null), NOW, closed)).toBe("ready");
});

describe("the next work of a lane", () => {
  test("a row on disk is due at the time of its position, or immediately if that position has already been assigned", () => {
    const later = seqAt(NOW + 5000);
    expect(nextWorkAt(new Lane(7, later), rules)).toBe(timeOfSeq(later));
    expect(nextWorkAt(new Lane(7, later), { ...rules, lastPosition: later })).toBe(0);
  });

  test("while a delivery in memory awaits its retry, the next work of a fifo lane is that retry, but a parallel lane has work immediately", () => {
    for (const ordering of ["fifo", "parallel"] as const) {
      const lane = laneOf({ ordering });
      lane.ready[0] = {
        delivery: deliveryOf({ attempts: 1, dueAt: NOW + 9 }),
        content: null,
        payloadBytes: 0,
        batch: null,
      };
      expect(nextWorkAt(lane, rules)).toBe(ordering === "fifo" ? NOW + 9 : 0);
    }
  });

  test("skipped rows that were not due become work at their time, but not while the lane may not be served", () => {
    const lane = new Lane(7, NOTHING);
    lane.skipNotDue(deliveryOf(), NOW + 60_000, NOW);
    expect(nextWorkAt(lane, rules)).toBe(NOW + 60_000);
    lane.restsUntil = NOW + 70_000;
    expect(nextWorkAt(lane, rules)).toBe(NOW + 70_000);
  });
});

test("only retries and scheduled messages have an earliest start time", () => {
  const start = (change: Partial<PendingDelivery>) => earliestStart(deliveryOf(change), rules);
  expect(start({})).toBe(0);
  expect(start({ attempts: 1 })).toBe(NOW);
  expect(start({ position: SEQ + 1 })).toBe(NOW);
  expect(start({ position: SEQ + 1, round: 1 })).toBe(0);
  expect(start({ position: SEQ + 1, trigger: "manual" })).toBe(0);
});

test("scheduled messages follow the wall clock, and retries follow the delivery time", () => {
  const isAhead = { aheadMs: 500 };
  expect(earliestStart(deliveryOf({ position: SEQ + 1 }), isAhead)).toBe(NOW - 500);
  expect(earliestStart(deliveryOf({ attempts: 1 }), isAhead)).toBe(NOW);
});

test("the due time of a row on disk allows for positions that are ahead of the delivery time", () => {
  const later = seqAt(NOW + 5000);
  expect(nextWorkAt(new Lane(7, later), { ...rules, positionsAheadMs: 2000 })).toBe(NOW + 3000);
});
