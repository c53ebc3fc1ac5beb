import type { Seq } from "../core/id.ts";
import type { Turns } from "../store/turns.ts";
import type { Lane } from "./lane.ts";
import type { LaneOwnership } from "./lane-ownership.ts";
import type { Scheduler } from "./scheduler.ts";

/** Maximum number of lanes that are created, or get a message, in one turn of the event loop. */
export const LANES_AT_ONCE = 1000;
/** Maximum number of lanes that start reading in one turn of the event loop. */
const READING_AT_ONCE = 100;

export interface FanOutParts {
  readonly turns: Turns;
  readonly scheduler: Scheduler;
  readonly ownership: LaneOwnership;
}

/** Works on very many lanes in steps, so that other requests can run between the steps. */
export class FanOut {
  constructor(private readonly parts: FanOutParts) {}

  /** See `Deliverer.prepareLanes`. */
  async prepareLanes(endpointSeqs: readonly Seq[]): Promise<void> {
    const { turns, ownership } = this.parts;
    for (let at = 0; at < endpointSeqs.length; at += LANES_AT_ONCE) {
      await turns.next();
      for (const endpointSeq of endpointSeqs.slice(at, at + LANES_AT_ONCE)) ownership.laneOf(endpointSeq);
    }
  }

  /** Calls `work` for each lane: for the first lanes immediately, for very many in several turns. */
  async forEach(lanes: readonly Lane[], work: (lane: Lane) => void): Promise<void> {
    for (let at = 0; at < lanes.length; at += READING_AT_ONCE) {
      if (at > 0) await this.parts.turns.next();
      for (const lane of lanes.slice(at, at + READING_AT_ONCE)) work(lane);
    }
  }

  /** Updates lanes and dispatches, a few lanes per turn of the event loop. */
  async update(lanes: readonly Lane[]): Promise<void> {
    const { turns, scheduler } = this.parts;
    for (let at = 0; at < lanes.length; at += READING_AT_ONCE) {
      await turns.next();
      for (const lane of lanes.slice(at, at + READING_AT_ONCE)) scheduler.update(lane);
      scheduler.dispatch();
    }
  }
}
