import { describe, expect, test } from "bun:test";
import { Facts } from "../../src/core/facts.ts";
import { ClockSeqSource } from "../../src/core/id.ts";
import { DeliveryTime } from "../../src/deliver/delivery-time.ts";
import { Lane } from "../../src/deliver/lane.ts";
import { NOTHING } from "../../src/deliver/lane-position.ts";
import { LaneReader } from "../../src/deliver/lane-reader.ts";
import { Memory } from "../../src/deliver/memory.ts";
import type { Directory, EndpointEntry } from "../../src/store/directory.ts";
import type { MessageContent, Queue } from "../../src/store/index.ts";
import type { Targets } from "../../src/targets/index.ts";

const MIB = 1024 * 1024;
const entry = { endpoint: { environmentSeq: 1 } } as unknown as EndpointEntry;

/**
 * Returns a lane with `count` deliveries whose contents are not loaded, and a reader for those
 * contents. Each content has `bytes` bytes.
 */
function reading(count: number, bytes: number, payloadBytesMax = 2 * MIB) {
  const memory = new Memory();
  const lane = new Lane(7, NOTHING);
  for (let seq = 1; seq <= count; seq++) {
    const times = { position: seq, dueAt: 0, attempts: 0, round: 0, trigger: "schedule", batchSeq: null } as const;
    memory.append(lane, { seq, messageSeq: 100 + seq, endpointSeq: 7, ...times }, null);
  }
  const asked: number[][] = [];
  const expunged = new Set<number>();
  const cancelled: number[] = [];
  let beforeReturn = () => {};
  const queue = {
    contents: async (seqs: readonly number[]) => {
      asked.push([...seqs]);
      beforeReturn();
      return seqs.map((seq) =>
        expunged.has(seq) ? null : ({ seq, payload: new Uint8Array(bytes) } as unknown as MessageContent),
      );
    },
    expunge: {
      message: async (seq: number) => {
        cancelled.push(seq);
        return 1;
      },
    },
  } as unknown as Queue;
  const clock = { now: () => 0, steady: () => 0, soon: () => {}, after: () => () => {} };
  const time = new DeliveryTime(clock);
  const reader = new LaneReader({
    ...{ queue, memory, clock, time, payloadBytesMax, facts: new Facts(), seqs: new ClockSeqSource(clock.now) },
    ...{ directory: {} as Directory, targets: {} as Targets, isStopping: () => false },
  });
  return {
    ...{ memory, lane, asked, expunged, cancelled },
    fetch: (during = () => {}) => {
      beforeReturn = during;
      return reader.fetchContents(lane, entry);
    },
  };
}

describe("the contents of a lane", () => {
  test("the contents of the next sixteen deliveries are read in one call", async () => {
    const { lane, asked, fetch } = reading(40, 10);
    await fetch();
    expect(asked).toEqual([Array.from({ length: 16 }, (_, i) => 101 + i)]);
    expect(lane.ready.map(({ content }) => content !== null)).toEqual(Array.from({ length: 40 }, (_, i) => i < 16));
  });

  test("contents that are already in memory are not read again", async () => {
    const { lane, asked, fetch } = reading(3, 10);
    lane.ready[1]!.content = {} as MessageContent;
    await fetch();
    expect(asked).toEqual([[101, 103]]);
  });

  test("the reader reads only as many contents as fit into memory, but at least one, however large", async () => {
    const { memory, lane, asked, fetch } = reading(40, 2 * MIB);
    await fetch();
    expect(memory.roomForPayloadBytes).toBe(0);
    // The attempts of the first sixteen stay under way and keep their contents.
    lane.ready.splice(0, 16);
    await fetch();
    expect(asked.map(({ length }) => length)).toEqual([16, 1]);
  });

  test("the reader reads fewer contents at a time if larger payloads are allowed", async () => {
    const { asked, fetch } = reading(40, 10, 8 * MIB);
    await fetch();
    expect(asked).toEqual([[101, 102, 103, 104]]);
  });

  test("a message without a payload is cancelled, and the contents of the others are read", async () => {
    const { memory, lane, expunged, cancelled, fetch } = reading(3, 10);
    const room = memory.roomForDeliveries;
    expunged.add(101).add(103);
    await fetch();
    expect(lane.ready.map(({ delivery }) => delivery.seq)).toEqual([2]);
    expect(cancelled).toEqual([101, 103]);
    expect([...lane.held.keys()]).toEqual([2]);
    expect(memory.roomForDeliveries).toBe(room + 2);
  });

  test("contents that arrive after their lane was released take up no memory", async () => {
    const { memory, lane, cancelled, expunged, fetch } = reading(3, 10);
    expunged.add(101);
    await fetch(() => memory.release(lane));
    expect(memory.roomForPayloadBytes).toBe(new Memory().roomForPayloadBytes);
    expect(memory.roomForDeliveries).toBe(new Memory().roomForDeliveries);
    expect(cancelled).toEqual([]);
  });
});
