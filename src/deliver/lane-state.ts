import { type Seq, timeOfSeq } from "../core/id.ts";
import type { PendingDelivery } from "../store/index.ts";
import type { Lane } from "./lane.ts";
import { NOTHING } from "./lane-position.ts";

/** Whether a lane can run now, and if not, the reason. */
export type LaneState =
  /** The lane has no pending deliveries. */
  | "idle"
  /** The lane has work to do now and waits for a slot. */
  | "ready"
  /** The store is being read for this lane. */
  | "reading"
  /** The lane's deliveries are not due before a known time. */
  | "parked"
  /** The endpoint's maximum number of attempts is under way. */
  | "full"
  /** The endpoint is paused. */
  | "paused"
  /** Another process serves this lane. */
  | "foreign";

export interface LaneRules {
  /**
   * Positions up to this one count as due, even if the clock has been set back since they were
   * generated.
   */
  readonly lastPosition: Seq;
  /** Maximum number of concurrent attempts to an endpoint that has no limit of its own. */
  readonly endpointConcurrency: number;
}

/** Returns the state of a lane without changing anything. The scheduler acts on the state. */
export function stateOf(lane: Lane, now: number, rules: LaneRules): LaneState {
  if (!lane.isOwned) return "foreign";
  if (lane.isReading) return "reading";
  const endpoint = lane.entry?.endpoint;
  // A lane whose endpoint no longer accepts deliveries is served too, so that its pending
  // deliveries are ended.
  if (endpoint !== undefined && !endpoint.disabled && !endpoint.deleted) {
    if (endpoint.paused) return "paused";
    if (lane.underWay >= concurrencyOf(lane, rules)) return "full";
  }
  const at = nextWorkAt(lane, rules);
  if (at <= now) return "ready";
  return at === NOTHING ? "idle" : "parked";
}

/** Returns the time at which a lane has work to do. 0 means now, infinity means never. */
export function nextWorkAt(lane: Lane, rules: LaneRules): number {
  return Math.max(lane.restsUntil, nextDueAt(lane, rules));
}

function nextDueAt(lane: Lane, { lastPosition }: LaneRules): number {
  const head = lane.ready[0];
  // A parallel lane holds only due deliveries. They stay due when the clock is set back.
  if (head !== undefined) return lane.isFifo ? earliestStart(head.delivery) : 0;
  if (lane.diskNext === NOTHING) return lane.laterAt;
  return lane.diskNext <= lastPosition ? 0 : Math.min(timeOfSeq(lane.diskNext), lane.laterAt);
}

/**
 * Returns the earliest time at which a delivery may be sent, in ms; 0 means now. For an immediate
 * delivery, `dueAt` is only the time of acceptance. If the clock was set back, that time may lie in
 * the future, so it is ignored.
 */
export function earliestStart({ seq, position, dueAt, attempts, round, trigger }: PendingDelivery): number {
  const isScheduled = round === 0 && trigger === "schedule" && position > seq;
  return attempts > 0 || isScheduled ? dueAt : 0;
}

function concurrencyOf(lane: Lane, { endpointConcurrency }: LaneRules): number {
  if (!lane.hasEndedAttempt || lane.isFifo) return 1;
  return lane.entry?.endpoint.concurrency ?? endpointConcurrency;
}
