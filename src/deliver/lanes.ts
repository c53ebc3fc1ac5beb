import type { Seq } from "../core/id.ts";
import type { EndpointEntry } from "../store/directory.ts";
import type { DeliveryTime } from "./delivery-time.ts";
import type { Gate } from "./gate.ts";
import { Lane, type LaneState } from "./lane.ts";
import { NOTHING } from "./lane-position.ts";

/**
 * Maximum number of lanes to keep. If there are more, a lane is dropped as soon as it is empty, and
 * its endpoint's reputation is lost.
 */
const LANES_MAX = 20_000;

/** The oldest due delivery of an environment, among those that have not been started. */
export interface OldestDue {
  /** Time at which the delivery became due, by the wall clock. */
  readonly dueAt: number;
  readonly endpoint: EndpointEntry["endpoint"];
}

/** Returns whether the deliveries of an endpoint count. */
export type IsCounted = (endpoint: EndpointEntry["endpoint"]) => boolean;

/** The lanes in this process's memory. */
export class Lanes implements Iterable<Lane> {
  readonly #byEndpoint = new Map<Seq, Lane>();
  /** Called after the last attempt in a lane of another process has ended. */
  onLeft: () => void = () => {};

  constructor(private readonly gate: Gate) {}

  [Symbol.iterator](): Iterator<Lane> {
    return this.#byEndpoint.values();
  }

  get size(): number {
    return this.#byEndpoint.size;
  }

  some(fits: (lane: Lane) => boolean): boolean {
    return this.#byEndpoint.values().some(fits);
  }

  get(endpointSeq: Seq): Lane | undefined {
    return this.#byEndpoint.get(endpointSeq);
  }

  add(endpointSeq: Seq): Lane {
    const lane = new Lane(endpointSeq, NOTHING);
    this.#byEndpoint.set(endpointSeq, lane);
    return lane;
  }

  /**
   * Drops a lane of another process after its last attempt in this process has ended. Drops an
   * empty lane if there are too many lanes.
   */
  forgetIfUnused(lane: Lane): void {
    if (lane.underWay > 0) return;
    const isUnused = lane.isOwned ? this.#byEndpoint.size > LANES_MAX && lane.isEmpty : true;
    if (!isUnused) return;
    lane.cancelAlarm?.();
    this.#byEndpoint.delete(lane.endpointSeq);
    if (!lane.isOwned) this.onLeft();
  }

  /**
   * Returns the number of attempts under way to the endpoints of an application. An attempt whose
   * endpoint is being read again also counts, because it may be one of them.
   */
  attemptsUnderWay(applicationSeq: Seq): number {
    let count = 0;
    for (const { entry, underWay } of this) {
      if (entry === null || entry.endpoint.applicationSeq === applicationSeq) count += underWay;
    }
    return count;
  }

  /** Returns the number of this process's lanes in each state. */
  countByState(): Record<Exclude<LaneState, "foreign">, number> {
    const counts = { idle: 0, ready: 0, reading: 0, parked: 0, full: 0, paused: 0 };
    for (const { state } of this) if (state !== "foreign") counts[state]++;
    return counts;
  }

  /**
   * Returns the time, by the wall clock, at which the oldest due delivery that has not been started
   * became due. Returns null if nothing is due. Excludes lanes in which no attempt may start.
   */
  oldestDueAt(time: DeliveryTime): number | null {
    if (this.gate.isHeld) return null;
    const now = time.now();
    let oldest = NOTHING;
    for (const lane of this) {
      const isClosed = lane.entry !== null && this.gate.isClosedFor(lane.entry.endpoint);
      if (lane.isOwned && !isClosed) oldest = Math.min(oldest, lane.oldestDueAt(time));
    }
    return oldest <= now ? oldest + time.aheadMs : null;
  }

  /**
   * Returns the oldest due delivery of each environment. Considers only endpoints for which
   * `isCounted` returns true. Excludes lanes whose endpoint has not been read since the start or
   * since its last change, because their environment is unknown.
   */
  oldestDue(time: DeliveryTime, isCounted: IsCounted): Map<Seq, OldestDue> {
    const now = time.now();
    const { aheadMs } = time;
    const oldest = new Map<Seq, OldestDue>();
    for (const lane of this) {
      const dueTime = lane.oldestDueAt(time);
      if (!lane.isOwned || lane.entry === null || dueTime > now) continue;
      const dueAt = dueTime + aheadMs;
      const { endpoint } = lane.entry;
      const before = oldest.get(endpoint.environmentSeq);
      if (this.gate.isClosedFor(endpoint) || (before !== undefined && before.dueAt <= dueAt) || !isCounted(endpoint))
        continue;
      oldest.set(endpoint.environmentSeq, { dueAt, endpoint });
    }
    return oldest;
  }
}
