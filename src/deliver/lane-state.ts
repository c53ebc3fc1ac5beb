import { type Seq, type SeqSource, timeOfSeq } from "../core/id.ts";
import type { SocketConsumers } from "../sockets/socket-consumers.ts";
import type { PendingDelivery } from "../store/index.ts";
import type { DeliveryTime } from "./delivery-time.ts";
import type { Gate } from "./gate.ts";
import type { Lane, LaneState } from "./lane.ts";
import { NOTHING } from "./lane-position.ts";

export interface LaneRules {
  /**
   * Positions up to this one count as due, even if the clock has been set back since they were
   * generated.
   */
  readonly lastPosition: Seq;
  /** How far the wall clock is ahead of the delivery time, in ms. */
  readonly aheadMs: number;
  /** How far positions are ahead of the delivery time, in ms. */
  readonly positionsAheadMs: number;
  /** Maximum number of concurrent attempts to an endpoint without its own limit. */
  readonly endpointConcurrency: number;
  /** Returns whether no attempt to this endpoint may start. */
  readonly isClosedFor: Gate["isClosedFor"];
  /** Returns whether the consumers of an endpoint have no room for another attempt. */
  readonly isBusy: SocketConsumers["isBusy"];
}

export interface LaneRuleParts {
  readonly seqs: SeqSource;
  readonly time: DeliveryTime;
  readonly endpointConcurrency: number;
  readonly gate: Gate;
  readonly socketConsumers: Pick<SocketConsumers, "isBusy">;
}

/** Returns rules whose values are always current. */
export function laneRules({ seqs, time, endpointConcurrency, gate, socketConsumers }: LaneRuleParts): LaneRules {
  return {
    get lastPosition() {
      return seqs.last + 1;
    },
    get aheadMs() {
      return time.aheadMs;
    },
    get positionsAheadMs() {
      return time.positionsAheadMs;
    },
    endpointConcurrency,
    isClosedFor: gate.isClosedFor,
    isBusy: (endpointSeq, underWay) => socketConsumers.isBusy(endpointSeq, underWay),
  };
}

/** Returns the state of a lane. Changes nothing: the scheduler acts on the state. */
export function stateOf(lane: Lane, now: number, rules: LaneRules): LaneState {
  if (!lane.isOwned) return "foreign";
  if (lane.isReading) return "reading";
  const endpoint = lane.entry?.endpoint;
  // A lane whose endpoint no longer accepts deliveries is served too, so that its pending
  // deliveries are ended.
  if (endpoint !== undefined && !endpoint.disabled && !endpoint.deleted) {
    if (rules.isClosedFor(endpoint)) return "paused";
    if (lane.underWay >= concurrencyOf(lane, rules) || rules.isBusy(lane.endpointSeq, lane.underWay)) return "full";
  }
  const at = nextWorkAt(lane, rules);
  if (at <= now) return "ready";
  return at === NOTHING ? "idle" : "parked";
}

/** Returns the delivery time at which a lane has work to do. 0 means now, infinity means never. */
export function nextWorkAt(lane: Lane, rules: LaneRules): number {
  return Math.max(lane.restsUntil, nextDueAt(lane, rules));
}

function nextDueAt(lane: Lane, rules: LaneRules): number {
  const head = lane.ready[0];
  // A parallel lane has only due deliveries in memory. They stay due when the clock is set back.
  if (head !== undefined) return lane.isFifo ? earliestStart(head.delivery, rules) : 0;
  if (lane.gathering !== null) return Math.min(lane.gathering.wakeAt, lane.laterAt);
  if (lane.diskNext === NOTHING) return lane.laterAt;
  if (lane.diskNext <= rules.lastPosition) return 0;
  return Math.min(timeOfSeq(lane.diskNext) - rules.positionsAheadMs, lane.laterAt);
}

/**
 * Returns the delivery time before which a delivery may not be sent; 0 means now. A retry is due at
 * a delivery time, and a scheduled message at a time of the wall clock. For an immediate delivery,
 * `dueAt` is only the time of acceptance. If the clock was set back, that time may lie in the
 * future, so it is ignored.
 */
export function earliestStart(delivery: PendingDelivery, { aheadMs }: Pick<LaneRules, "aheadMs">): number {
  const { seq, position, dueAt, attempts, round, trigger } = delivery;
  if (attempts > 0) return dueAt;
  const isScheduled = round === 0 && trigger === "schedule" && position > seq;
  return isScheduled ? dueAt - aheadMs : 0;
}

function concurrencyOf(lane: Lane, { endpointConcurrency }: LaneRules): number {
  if (!lane.hasEndedAttempt || lane.isFifo) return 1;
  return lane.entry?.endpoint.concurrency ?? endpointConcurrency;
}
