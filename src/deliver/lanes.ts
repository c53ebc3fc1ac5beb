import type { Seq } from "../core/id.ts";
import type { EndpointEntry } from "../store/directory.ts";
import { Lane } from "./lane.ts";
import { NOTHING } from "./lane-position.ts";

/**
 * Lanes to remember. Beyond it, lanes are forgotten as soon as they are empty, with the reputation
 * of their endpoints.
 */
const LANES_MAX = 20_000;

/** The delivery of an environment that became due first and has not been started. */
export interface OldestDue {
  readonly dueAt: number;
  readonly endpoint: EndpointEntry["endpoint"];
}

/** The lanes that this process knows. */
export class Lanes implements Iterable<Lane> {
  readonly #byEndpoint = new Map<Seq, Lane>();

  [Symbol.iterator](): Iterator<Lane> {
    return this.#byEndpoint.values();
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
   * Forgets a lane of another process once its last attempt here has ended, and an empty one if
   * there are too many.
   */
  forgetIfUnused(lane: Lane): void {
    if (lane.slotsHeld > 0) return;
    const isUnused = lane.isOwned ? this.#byEndpoint.size > LANES_MAX && lane.isEmpty : true;
    if (!isUnused) return;
    lane.cancelAlarm?.();
    this.#byEndpoint.delete(lane.endpointSeq);
  }

  /** When the oldest delivery became due that has not been started; null if nothing is due. */
  oldestDueAt(now: number): number | null {
    let oldest = NOTHING;
    for (const lane of this) {
      if (lane.isOwned && !lane.entry?.endpoint.paused) oldest = Math.min(oldest, lane.oldestDueAt);
    }
    return oldest <= now ? oldest : null;
  }

  /**
   * The same for each environment, over the endpoints that `counts`. A lane whose endpoint has not
   * been read yet, or not since it was changed, is left out, because its environment is not known.
   */
  oldestDue(now: number, counts: (endpoint: EndpointEntry["endpoint"]) => boolean): Map<Seq, OldestDue> {
    const oldest = new Map<Seq, OldestDue>();
    for (const lane of this) {
      const dueAt = lane.oldestDueAt;
      if (!lane.isOwned || lane.entry === null || dueAt > now) continue;
      const { endpoint } = lane.entry;
      const before = oldest.get(endpoint.environmentSeq);
      if (endpoint.paused || (before !== undefined && before.dueAt <= dueAt) || !counts(endpoint)) continue;
      oldest.set(endpoint.environmentSeq, { dueAt, endpoint });
    }
    return oldest;
  }
}
