import { type Seq, timeOfSeq } from "../core/id.ts";
import type { PendingDelivery } from "../store/index.ts";
import type { Lane } from "./lane.ts";
import { NOTHING } from "./lane-position.ts";

/** Why a lane does not run at this moment. */
export type LaneState =
  /** Nothing waits. */
  | "idle"
  /** It has something to do now and waits for a slot. */
  | "ready"
  /** The store is being read for it. */
  | "reading"
  /** What waits is not due before a known time. */
  | "parked"
  /** As many attempts are under way as its endpoint allows. */
  | "full"
  /** Its endpoint is paused. */
  | "paused"
  /** Another process serves it. */
  | "foreign";

export interface LaneRules {
  /**
   * Positions up to this one count as due, even if the clock has been set back since they were
   * given out.
   */
  readonly lastPosition: Seq;
  /** Attempts under way at once to an endpoint without a limit of its own. */
  readonly endpointConcurrency: number;
}

/** Decides the state of a lane. It changes nothing: acting on the state is the scheduler's part. */
export function stateOf(lane: Lane, now: number, rules: LaneRules): LaneState {
  if (!lane.isOwned) return "foreign";
  if (lane.isReading) return "reading";
  const endpoint = lane.entry?.endpoint;
  // An endpoint that takes nothing any more is served to end what waits for it.
  if (endpoint !== undefined && !endpoint.disabled && !endpoint.deleted) {
    if (endpoint.paused) return "paused";
    if (lane.slotsHeld >= concurrencyOf(lane, rules)) return "full";
  }
  const at = nextWorkAt(lane, rules);
  if (at <= now) return "ready";
  return at === NOTHING ? "idle" : "parked";
}

/** Returns when a lane has something to do: 0 for now, infinity for never. */
export function nextWorkAt(lane: Lane, rules: LaneRules): number {
  return Math.max(lane.restsUntil, nextDueAt(lane, rules));
}

function nextDueAt(lane: Lane, { lastPosition }: LaneRules): number {
  const head = lane.ready[0];
  // A parallel lane has only due deliveries in memory. They stay due when the clock is set back.
  if (head !== undefined) return lane.isFifo ? earliestStart(head.delivery) : 0;
  if (lane.diskNext === NOTHING) return lane.laterAt;
  return lane.diskNext <= lastPosition ? 0 : Math.min(timeOfSeq(lane.diskNext), lane.laterAt);
}

/**
 * Earliest time a delivery may be sent, in ms; 0 means now. For an immediate delivery `dueAt` is
 * only the time of acceptance, so it may lie in the future after the clock was set back; it is
 * ignored.
 */
export function earliestStart({ seq, position, dueAt, attempts, round, trigger }: PendingDelivery): number {
  const isScheduled = round === 0 && trigger === "schedule" && position > seq;
  return attempts > 0 || isScheduled ? dueAt : 0;
}

function concurrencyOf(lane: Lane, { endpointConcurrency }: LaneRules): number {
  if (!lane.hasEndedAttempt || lane.isFifo) return 1;
  return lane.entry?.endpoint.concurrency ?? endpointConcurrency;
}
