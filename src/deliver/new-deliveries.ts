import type { Seq } from "../core/id.ts";
import type { Signals } from "../core/signal.ts";
import type { MessageContent, PendingDelivery, Store } from "../store/index.ts";
import type { NewDelivery } from "./deliverer.ts";
import type { DeliveryTime } from "./delivery-time.ts";
import { type FanOut, LANES_AT_ONCE } from "./fan-out.ts";
import type { Gate } from "./gate.ts";
import type { Lane } from "./lane.ts";
import type { LaneOwnership } from "./lane-ownership.ts";
import type { Memory } from "./memory.ts";
import type { Scheduler } from "./scheduler.ts";

/**
 * Maximum number of deliveries that a lane holds if messages arrive faster than they are delivered.
 */
const READY_MAX = 256;

export interface NewDeliveriesParts {
  readonly gate: Gate;
  readonly memory: Memory;
  readonly time: DeliveryTime;
  readonly feed: Pick<Store["feed"], "isShared">;
  readonly scheduler: Scheduler;
  readonly fanOut: FanOut;
  readonly ownership: LaneOwnership;
  readonly signals: Signals;
}

/** Adds deliveries that were just committed to their lanes: with their content, if the lane has room. */
export class NewDeliveries {
  constructor(private readonly parts: NewDeliveriesParts) {}

  add(message: MessageContent, deliveries: readonly NewDelivery[]): void {
    if (deliveries.length > LANES_AT_ONCE) {
      this.#addInTurns(deliveries);
      return;
    }
    const { scheduler, time } = this.parts;
    for (const { seq, endpointSeq } of deliveries) {
      const lane = this.#laneFor(endpointSeq, seq);
      if (lane === null) continue;
      // A read may have returned the delivery before its commit was reported. In that case the
      // delivery is not added again.
      const isNext = seq > lane.cursor.position && seq < lane.diskNext;
      if (isNext && this.#hasRoom(lane)) this.#append(lane, message, seq);
      else if (lane.gathering === null) lane.waitsOnDisk(seq);
      else lane.gathering.add(message.payload?.byteLength ?? 0, time.now());
      scheduler.update(lane);
    }
    scheduler.dispatch();
  }

  /**
   * Adds the deliveries of a message to very many lanes. All lanes learn at once that the delivery
   * waits on disk, so no later message overtakes it. Because the first read of a lane is slow, the
   * lanes start reading it a few at a time.
   */
  #addInTurns(deliveries: readonly NewDelivery[]): void {
    const lanes: Lane[] = [];
    for (const { seq, endpointSeq } of deliveries) {
      const lane = this.#laneFor(endpointSeq, seq);
      lane?.waitsOnDisk(seq);
      if (lane !== null) lanes.push(lane);
    }
    void this.parts.fanOut.update(lanes);
  }

  /**
   * Returns an endpoint's lane if this process serves it. Otherwise informs the process that does.
   */
  #laneFor(endpointSeq: Seq, position: Seq): Lane | null {
    const { ownership, signals } = this.parts;
    const lane = ownership.laneOf(endpointSeq);
    if (lane === null) signals.send({ type: "lane.filled", endpointSeq, position });
    return lane;
  }

  #hasRoom(lane: Lane): boolean {
    const { feed, gate, memory } = this.parts;
    if (lane.isReading || lane.ready.length >= READY_MAX) return false;
    // A message of another process may come before this one, and is visible only later.
    if (feed.isShared() && lane.mayBeFifo) return false;
    const endpoint = lane.entry?.endpoint;
    if (endpoint !== undefined && (endpoint.batch !== null || gate.isClosedFor(endpoint))) return false;
    return memory.roomForDeliveries > 0;
  }

  #append(lane: Lane, message: MessageContent, seq: Seq): void {
    const delivery: PendingDelivery = {
      seq,
      messageSeq: message.seq,
      endpointSeq: lane.endpointSeq,
      position: seq,
      dueAt: message.acceptedAt,
      attempts: 0,
      round: 0,
      trigger: "schedule",
      batchSeq: null,
    };
    this.parts.memory.append(lane, delivery, message);
  }
}
