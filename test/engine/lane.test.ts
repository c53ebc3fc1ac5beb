import { describe, expect, test } from "bun:test";
import { Lane } from "../../src/deliver/lane.ts";
import { NOTHING } from "../../src/deliver/lane-position.ts";
import type { Waiting } from "../../src/deliver/waiting.ts";
import type { EndpointEntry } from "../../src/store/directory.ts";
import type { Endpoint, PendingDelivery } from "../../src/store/index.ts";

function deliveryOf(seq: number, change: Partial<PendingDelivery> = {}): PendingDelivery {
  const times = { position: seq, dueAt: 0, attempts: 0, round: 0, trigger: "schedule", batchSeq: null } as const;
  return { seq, messageSeq: 1, endpointSeq: 7, ...times, ...change };
}

function waiting(seq: number): Waiting {
  return { delivery: deliveryOf(seq), content: null, payloadBytes: 0, batch: null };
}

function entryOf(change: Partial<Endpoint>): EndpointEntry {
  return { endpoint: change, keys: [], validUntil: NOTHING } as unknown as EndpointEntry;
}

describe("a lane", () => {
  test("a lane is empty when it holds no delivery and has no row on disk", () => {
    const lane = new Lane(7, NOTHING);
    expect(lane.isEmpty).toBe(true);
    lane.waitsOnDisk(5);
    expect(lane.isEmpty).toBe(false);
  });

  test("a lane holds its deliveries in order and continues to read after the last of them", () => {
    const lane = new Lane(7, NOTHING);
    lane.append(waiting(3));
    lane.append(waiting(5));
    expect([...lane.held.keys()]).toEqual([3, 5]);
    expect(lane.ready.map(({ delivery }) => delivery.seq)).toEqual([3, 5]);
    expect(lane.cursor).toMatchObject({ position: 5, seq: 5 });
    lane.waitsOnDisk(9);
    expect(lane.beginReading()).toMatchObject({ position: 5, seq: 5 });
  });

  test("a lane remembers only the lowest of several positions on disk", () => {
    const lane = new Lane(7, NOTHING);
    for (const position of [9, 4, 6]) lane.waitsOnDisk(position);
    expect(lane.diskNext).toBe(4);
  });

  test("when a row before a lane's cursor becomes pending, the lane reads again from before that row", () => {
    const lane = new Lane(7, NOTHING);
    lane.append(waiting(8));
    lane.waitsOnDisk(3);
    expect(lane.beginReading().position).toBeLessThan(3);
  });

  test("a lane that stops reading among rows with equal positions continues after the last row it read, unless another row gets that position", () => {
    const lane = new Lane(7, NOTHING);
    lane.skip({ position: 8, seq: 3 });
    lane.continueBehindCursor();
    expect(lane.diskNext).toBe(8);
    expect(lane.beginReading()).toEqual({ position: 8, seq: 3 });
    lane.continueBehindCursor();
    lane.waitsOnDisk(8);
    expect(lane.beginReading().position).toBeLessThan(8);
    lane.skip({ position: 8, seq: 3 });
    lane.waitsOnDisk(2);
    lane.continueBehindCursor();
    expect(lane.beginReading().position).toBeLessThan(2);
  });

  test("a lane that has skipped rows that were not due is later read again from its beginning", () => {
    const lane = new Lane(7, NOTHING);
    const delivery = deliveryOf(8);
    expect(lane.laterAt).toBe(NOTHING);
    for (const dueAt of [5000, 3000]) lane.skipNotDue(delivery, dueAt, 100);
    expect([lane.isEmpty, lane.cursor.position, lane.laterAt]).toEqual([false, 8, 3000]);
    // The lane is read again after a second at the earliest. Each skipped row adds a little to that
    // delay.
    lane.skipNotDue(delivery, 101, 100);
    expect(lane.laterAt).toBe(1103);
    lane.rereadNotDue();
    expect(lane.laterAt).toBe(NOTHING);
    expect(lane.beginReading().position).toBeLessThan(0);
  });

  test("a lane does not miss a row at exactly the position of its cursor", () => {
    const lane = new Lane(7, NOTHING);
    lane.append(waiting(8));
    lane.waitsOnDisk(8);
    expect(lane.beginReading().position).toBeLessThan(8);
  });

  test("a lane clears its next position on disk when a read begins, and records rows that are added during the read", () => {
    const lane = new Lane(7, 4);
    lane.beginReading();
    expect(lane.diskNext).toBe(NOTHING);
    lane.waitsOnDisk(6);
    expect(lane.diskNext).toBe(6);
  });

  test("releasing a lane drops deliveries that have not started and keeps those under way", () => {
    const lane = new Lane(7, NOTHING);
    for (const seq of [1, 2, 3]) lane.append(waiting(seq));
    lane.ready.shift();
    const { generation } = lane;
    lane.release();
    expect([...lane.held.keys()]).toEqual([1]);
    expect(lane.ready).toEqual([]);
    expect(lane.beginReading().position).toBeLessThan(1);
    expect(lane.generation).toBeGreaterThan(generation);
  });

  test("a lane is fifo exactly when its endpoint is", () => {
    const lane = new Lane(7, NOTHING);
    expect(lane.isFifo).toBe(false);
    lane.entry = entryOf({ ordering: "fifo" });
    expect(lane.isFifo).toBe(true);
  });
});

describe("a row that a lane has read", () => {
  test("a row is new unless the lane holds its delivery", () => {
    const lane = new Lane(7, NOTHING);
    lane.append(waiting(1));
    expect(lane.isNews(deliveryOf(1))).toBe(false);
    expect(lane.isNews(deliveryOf(2))).toBe(true);
    expect(lane.takeResent(1)).toBe(false);
  });

  test("a row in a later round than the held delivery is reported once as resent, when the delivery is released", () => {
    const lane = new Lane(7, NOTHING);
    const held = waiting(1);
    lane.append(held);
    expect(lane.isNews(deliveryOf(1, { round: 1 }))).toBe(false);
    expect(lane.letGo(held)).toBe(true);
    expect([lane.takeResent(1), lane.takeResent(1)]).toEqual([true, false]);
  });

  test("a row whose attempt ended while the lane was being read is not new, unless the row is in a later round", () => {
    const lane = new Lane(7, NOTHING);
    const held = waiting(1);
    lane.append(held);
    lane.beginReading();
    lane.isReading = true;
    lane.letGo(held);
    expect(lane.isNews(deliveryOf(1))).toBe(false);
    expect(lane.isNews(deliveryOf(1, { round: 1 }))).toBe(true);
    lane.beginReading();
    expect(lane.isNews(deliveryOf(1))).toBe(true);
  });

  test("releasing a delivery twice does not release the same delivery that was put back in between", () => {
    const lane = new Lane(7, NOTHING);
    const first = waiting(1);
    lane.append(first);
    lane.ready.shift();
    lane.letGo(first);
    lane.putBack(waiting(1));
    expect(lane.letGo(first)).toBe(false);
    expect([...lane.held.keys()]).toEqual([1]);
  });
});
