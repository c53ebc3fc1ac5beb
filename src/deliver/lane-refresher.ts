import type { Seq } from "../core/id.ts";
import type { Signals } from "../core/signal.ts";
import type { SocketConsumers } from "../sockets/socket-consumers.ts";
import type { FanOut } from "./fan-out.ts";
import type { Lane } from "./lane.ts";
import type { LaneOwnership } from "./lane-ownership.ts";
import type { Lanes } from "./lanes.ts";
import type { Memory } from "./memory.ts";
import type { Scheduler } from "./scheduler.ts";

export interface LaneRefresherParts {
  readonly lanes: Lanes;
  readonly memory: Memory;
  readonly scheduler: Scheduler;
  readonly ownership: LaneOwnership;
  readonly fanOut: FanOut;
  readonly socketConsumers: Pick<SocketConsumers, "countOf">;
}

/** Makes lanes look again when something has changed that they depend on. */
export class LaneRefresher {
  constructor(
    private readonly parts: LaneRefresherParts,
    signals: Signals,
  ) {
    this.#listenTo(signals);
  }

  /**
   * Stops the lanes of an environment for which the gate has closed, and continues its other lanes. Null
   * means all environments. A stopped lane drops what it has read ahead, so that the memory is free for
   * other lanes.
   */
  gateChanged(environmentSeq: Seq | null): void {
    this.#rereadWhere(
      ({ entry }) => environmentSeq === null || entry?.endpoint.environmentSeq === environmentSeq,
      false,
    );
  }

  /** Does the same as `gateChanged` for the lanes of an application. */
  gateChangedFor(applicationSeq: Seq): void {
    this.#rereadWhere(({ entry }) => entry?.endpoint.applicationSeq === applicationSeq, false);
  }

  #listenTo(signals: Signals): void {
    const { lanes, ownership, socketConsumers } = this.parts;
    signals.react(["endpoint.changed"], ({ endpointSeq }) => this.#reread(lanes.get(endpointSeq), true));
    // A lane whose endpoint is being read may belong to the application, or get the earlier versions.
    signals.react(["application.throttled"], ({ applicationSeq }) =>
      this.#rereadWhere(({ entry, isReading }) => entry?.endpoint.applicationSeq === applicationSeq || isReading, true),
    );
    signals.react(["payload-versions.changed"], ({ environmentSeq }) =>
      this.#rereadWhere(({ entry, isReading }) => entry?.endpoint.environmentSeq === environmentSeq || isReading, true),
    );
    signals.react(["lane.changed"], ({ endpointSeq }) => this.#reread(lanes.get(endpointSeq), false));
    signals.react(["socket-consumers.changed"], ({ endpointSeq }) => {
      ownership.consumersChanged(endpointSeq, socketConsumers.countOf(endpointSeq) > 0);
      this.#continueFull(endpointSeq);
    });
    signals.react(["lane.filled"], ({ endpointSeq, position }) => this.#wake(endpointSeq, position));
    signals.react(["instances.changed"], () => ownership.renew());
    signals.react(["store.changed"], () => {
      this.#rereadWhere(() => true, true);
      ownership.findLanes();
    });
  }

  #wake(endpointSeq: Seq, position: Seq): void {
    const { ownership, memory } = this.parts;
    const lane = ownership.laneOf(endpointSeq);
    if (lane === null) return;
    lane.waitsOnDisk(position);
    if (lane.isOvertaking) memory.release(lane);
    this.#update(lane);
  }

  /** Continues a lane whose endpoint may have room for further attempts. */
  #continueFull(endpointSeq: Seq): void {
    const lane = this.parts.lanes.get(endpointSeq);
    if (lane?.state === "full") this.#update(lane);
  }

  #rereadWhere(isConcerned: (lane: Lane) => boolean, forgetEntry: boolean): void {
    const { lanes, fanOut } = this.parts;
    void fanOut.forEach([...lanes].filter(isConcerned), (lane) => this.#reread(lane, forgetEntry));
  }

  /**
   * Drops the deliveries that a lane has read ahead. If `forgetEntry` is true, also drops the
   * lane's cached endpoint.
   */
  #reread(lane: Lane | undefined, forgetEntry: boolean): void {
    if (lane === undefined) return;
    if (forgetEntry) lane.entry = null;
    if (!lane.isOwned) return;
    // The lane may have been waiting for the retry of a head that no longer exists.
    lane.restsUntil = 0;
    this.parts.memory.release(lane);
    this.#update(lane);
  }

  #update(lane: Lane): void {
    const { scheduler } = this.parts;
    scheduler.update(lane);
    scheduler.dispatch();
  }
}
