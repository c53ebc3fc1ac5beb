import { describe, expect, test } from "bun:test";
import { Lane, NOTHING, type Waiting } from "../../src/deliver/lane.ts";
import type { EndpointEntry } from "../../src/store/directory.ts";
import type { Endpoint } from "../../src/store/index.ts";

function waiting(seq: number, position = seq): Waiting {
  return {
    delivery: { seq, messageSeq: 1, endpointSeq: 7, position, dueAt: 0, attempts: 0, round: 0, trigger: "schedule" },
    content: null,
  };
}

function entryOf(change: Partial<Endpoint>): EndpointEntry {
  return {
    endpoint: change,
    keys: [],
    validUntil: NOTHING,
  } as unknown as EndpointEntry;
}

describe("a lane", () => {
  test("is idle when it has nothing and knows of nothing on disk", () => {
    const lane = new Lane(7, NOTHING);
    expect(lane.isIdle).toBe(true);
    lane.waitsOnDisk(5);
    expect(lane.isIdle).toBe(false);
  });

  test("names what it has, in order, and reads on behind it", () => {
    const lane = new Lane(7, NOTHING);
    lane.append(waiting(3));
    lane.append(waiting(5));
    expect([...lane.claimed]).toEqual([3, 5]);
    expect(lane.ready.map(({ delivery }) => delivery.seq)).toEqual([3, 5]);
    expect(lane.cursor).toMatchObject({ position: 5, seq: 5 });
    lane.waitsOnDisk(9);
    expect(lane.beginReading()).toMatchObject({ position: 5, seq: 5 });
  });

  test("remembers the first place on disk only", () => {
    const lane = new Lane(7, NOTHING);
    for (const position of [9, 4, 6]) lane.waitsOnDisk(position);
    expect(lane.diskNext).toBe(4);
  });

  test("goes back for what has become pending before the place it has read to", () => {
    const lane = new Lane(7, NOTHING);
    lane.append(waiting(8));
    lane.waitsOnDisk(3);
    expect(lane.beginReading().position).toBeLessThan(3);
  });

  test("reads on among many at one place, unless something new waits there", () => {
    const lane = new Lane(7, NOTHING);
    lane.pass({ position: 8, seq: 3 });
    lane.readsOn();
    expect(lane.diskNext).toBe(8);
    expect(lane.beginReading()).toEqual({ position: 8, seq: 3 });
    lane.readsOn();
    lane.waitsOnDisk(8);
    expect(lane.beginReading().position).toBeLessThan(8);
    lane.pass({ position: 8, seq: 3 });
    lane.waitsOnDisk(2);
    lane.readsOn();
    expect(lane.beginReading().position).toBeLessThan(2);
  });

  test("reads from its beginning for what was passed over because it was not due", () => {
    const lane = new Lane(7, NOTHING);
    const { delivery } = waiting(8);
    expect(lane.laterAt).toBe(NOTHING);
    for (const dueAt of [5000, 3000]) lane.passOver({ ...delivery, dueAt }, 100);
    expect([lane.isIdle, lane.cursor.position, lane.laterAt]).toEqual([false, 8, 3000]);
    // Not before a second has passed, and a little more for each of them.
    lane.passOver({ ...delivery, dueAt: 101 }, 100);
    expect(lane.laterAt).toBe(1103);
    lane.readsAgain();
    expect(lane.laterAt).toBe(NOTHING);
    expect(lane.beginReading().position).toBeLessThan(0);
  });

  test("misses nothing at the very place it has read to", () => {
    const lane = new Lane(7, NOTHING);
    lane.append(waiting(8));
    lane.waitsOnDisk(8);
    expect(lane.beginReading().position).toBeLessThan(8);
  });

  test("knows of nothing on disk once it begins to read, and notices what comes meanwhile", () => {
    const lane = new Lane(7, 4);
    lane.beginReading();
    expect(lane.diskNext).toBe(NOTHING);
    lane.waitsOnDisk(6);
    expect(lane.diskNext).toBe(6);
  });

  test("gives back what has not been started and keeps what is under way claimed", () => {
    const lane = new Lane(7, NOTHING);
    for (const seq of [1, 2, 3]) lane.append(waiting(seq));
    lane.ready.shift();
    lane.release();
    expect([...lane.claimed]).toEqual([1]);
    expect(lane.ready).toEqual([]);
    expect(lane.beginReading().position).toBeLessThan(1);
  });

  test("is fifo when its endpoint is", () => {
    const lane = new Lane(7, NOTHING);
    expect(lane.isFifo).toBe(false);
    lane.entry = entryOf({ ordering: "fifo" });
    expect(lane.isFifo).toBe(true);
  });
});
