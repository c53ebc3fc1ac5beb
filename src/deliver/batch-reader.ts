import { approximateBytes, type BatchLimits, decideBatch } from "../core/batch.ts";
import { type Seq, seqAt, timeOfSeq } from "../core/id.ts";
import type { BatchCandidate, LaneCursor } from "../store/index.ts";
import { Gathering } from "./gathering.ts";
import type { Lane } from "./lane.ts";
import { NOTHING } from "./lane-position.ts";
import { HIDDEN_REST_MS, type LaneReaderParts } from "./lane-reader.ts";
import { earliestStart } from "./lane-state.ts";
import { batchOf } from "./memory.ts";
import { dueTimeOf, type Waiting } from "./waiting.ts";

/** The result of reading a lane. */
interface Found {
  /** Due deliveries that are in no batch, in lane order. */
  readonly free: BatchCandidate[];
  /** A due delivery of a batch that was closed earlier. */
  closed: BatchCandidate | null;
  /** Earliest time at which another of the rows may be sent. */
  laterAt: number;
  /** Whether the lane is FIFO and a row behind `free` must wait, so that no other delivery can join. */
  isCut: boolean;
}

/**
 * Forms the batches of a lane. Deliveries that wait for their batch are not in memory: the lane only
 * counts them (`Gathering`), and reads them when the batch is closed.
 */
export class BatchReader {
  constructor(private readonly parts: LaneReaderParts) {}

  /** Adds the lane's next batch to `lane.ready`, or makes the lane wait for more deliveries. */
  async gather(lane: Lane, limits: BatchLimits): Promise<void> {
    const { queue, seqs, time } = this.parts;
    const { generation } = lane;
    const now = time.now();
    const upTo = Math.max(seqs.last + 1, seqAt(now + time.positionsAheadMs + 1) - 1);
    const limit = limits.maxMessages + lane.held.size + 1;
    if (lane.laterAt <= now) lane.rereadNotDue();
    const after = lane.beginReading();
    const rows = await queue.batch.due(lane.endpointSeq, after, upTo, limit);
    if (lane.generation !== generation) return;
    if (rows.length > 0) seqs.reach(rows.at(-1)!.position);
    const found = this.#look(lane, rows, now);
    const next = rows.length === limit ? null : await queue.nextPosition(lane.endpointSeq, rows.at(-1) ?? after);
    if (lane.generation !== generation) return;
    // Something arrived during the read; it may be missing in the rows.
    const isOutdated = lane.diskNext !== NOTHING;
    if (next !== null) lane.waitsOnDisk(next);
    const wakeAt = this.#earlier(found.laterAt, next);
    let gathering: Gathering | null = null;
    if (isOutdated && lane.isFifo) {
      // What arrived may come before the rows.
    } else if (found.closed !== null) await this.take(lane, found.closed.batchSeq!);
    else if (found.free.length > 0) gathering = this.#decide(lane, found, limits, { now, wakeAt });
    else if (found.laterAt !== NOTHING) gathering = Gathering.blocked(wakeAt);
    if (lane.generation !== generation) return;
    const left = rows.find((row) => !lane.held.has(row.seq) && isBehind(row, lane.cursor));
    if (left !== undefined) readAgainFrom(lane, left);
    else if (rows.length === limit) readAgainFrom(lane, rows.at(-1)!);
    if (!isOutdated) lane.gathering = gathering;
    // A row up to `upTo` that was not returned waits for an earlier one of another process.
    if (next !== null && next <= upTo && lane.ready.length === 0) lane.restsUntil = time.now() + HIDDEN_REST_MS;
    // Nothing was added. Let the event loop run before the next try.
    if (lane.ready.length === 0 && lane.gathering === null) {
      lane.restsUntil = Math.max(lane.restsUntil, time.now() + 1);
    }
  }

  /** Looks at rows in lane order. Moves the cursor past those at the start that are held. */
  #look(lane: Lane, rows: readonly BatchCandidate[], now: number): Found {
    const { time } = this.parts;
    const found: Found = { free: [], closed: null, laterAt: NOTHING, isCut: false };
    let isAtStart = true;
    for (const row of rows) {
      if (!lane.isNews(row)) {
        if (isAtStart) lane.skip(row);
        continue;
      }
      const startAt = earliestStart(row, time);
      if (startAt > now && isAtStart && !lane.isFifo) {
        lane.skipNotDue(row, startAt, now);
        continue;
      }
      isAtStart = false;
      if (startAt > now) found.laterAt = Math.min(found.laterAt, startAt);
      else if (row.batchSeq === null) found.free.push(row);
      else if (!lane.isFifo || found.free.length === 0) found.closed = row;
      found.isCut = lane.isFifo && (startAt > now || row.batchSeq !== null);
      if (found.closed !== null || found.isCut) break;
    }
    return found;
  }

  /** Adds a batch to `lane.ready`, or returns what to wait for. */
  #decide(
    lane: Lane,
    { free, isCut }: Found,
    limits: BatchLimits,
    { now, wakeAt }: { readonly now: number; readonly wakeAt: number },
  ): Gathering | null {
    const { memory, payloadBytesMax: bytesMax, time } = this.parts;
    const waiting = free.map((row) => ({ payloadBytes: row.payloadBytes, dueAt: dueTimeOf(row, time.aheadMs) }));
    const decision = decideBatch(waiting, limits, { now, bytesMax, isLast: isCut });
    if (decision.kind === "close") {
      const members = free.slice(0, decision.count).sort((one, other) => one.messageSeq - other.messageSeq);
      lane.ready.push(memory.holdBatch(lane, members));
      return null;
    }
    const bytes = free.reduce((sum, { payloadBytes }) => sum + approximateBytes(payloadBytes), 0);
    return new Gathering(Math.min(decision.until, wakeAt), free.length, bytes, { ...limits, bytesMax });
  }

  /** Returns the earlier of a time and the time at which a position is due. */
  #earlier(at: number, position: Seq | null): number {
    return position === null ? at : Math.min(at, timeOfSeq(position) - this.parts.time.positionsAheadMs);
  }

  /** Puts a batch that was closed earlier at the head of the lane. */
  async take(lane: Lane, batchSeq: Seq): Promise<void> {
    const { queue, memory } = this.parts;
    const { generation } = lane;
    const rows = await queue.batch.members(batchSeq);
    if (lane.generation !== generation) return;
    const ready = new Map<Seq, Waiting>();
    for (const waiting of lane.ready) {
      if (waiting.delivery.batchSeq === batchSeq) ready.set(waiting.delivery.seq, waiting);
    }
    const others = lane.ready.filter(({ delivery }) => !ready.has(delivery.seq));
    const members = rows.flatMap((row) => {
      const waiting = ready.get(row.seq);
      ready.delete(row.seq);
      return waiting ?? (lane.isNews(row) ? memory.hold(lane, row) : []);
    });
    // Those that have ended since they were read.
    for (const waiting of ready.values()) memory.letGo(lane, waiting);
    lane.ready.splice(0, lane.ready.length, ...others);
    if (members.length > 0) lane.ready.unshift(batchOf(members));
  }
}

function isBehind(row: LaneCursor, cursor: LaneCursor): boolean {
  return row.position > cursor.position || (row.position === cursor.position && row.seq > cursor.seq);
}

/** Makes the next read of a lane start at a row, which is behind the cursor, or before it. */
function readAgainFrom(lane: Lane, { position }: LaneCursor): void {
  if (position > lane.cursor.position) lane.waitsOnDisk(position);
  else lane.continueBehindCursor();
}
