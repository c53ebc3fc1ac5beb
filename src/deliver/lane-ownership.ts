import type { Facts } from "../core/facts.ts";
import type { Seq } from "../core/id.ts";
import type { Clock } from "../ports.ts";
import { type Claim, type LaneWishes, type Queue, StoreUnavailable } from "../store/index.ts";
import { ClaimKeeper } from "./claim-keeper.ts";
import type { Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import type { Scheduler } from "./scheduler.ts";

const LANES_PAGE = 1000;
/** How long to wait before retrying to acquire lanes, in ms. */
const RETRY_MS = 500;

export interface LaneOwnershipParts {
  readonly clock: Clock;
  readonly facts: Facts;
  readonly queue: Queue;
  readonly lanes: Lanes;
  readonly scheduler: Scheduler;
  /** Returns the endpoints whose consumers are connected to this process. */
  readonly preferred: () => readonly Seq[];
  /** Called when a new claim is valid and its lanes are being served. */
  readonly onChanged: () => Promise<void>;
}

/**
 * Decides which lanes this process serves. Starts serving the lanes that its claim covers, and
 * stops serving lanes that the claim no longer covers. Attempts under way in such a lane finish and
 * are settled. If one process owns the data, its claim covers every lane forever.
 */
export class LaneOwnership {
  readonly #claims: ClaimKeeper;
  /** The claim whose lanes with pending deliveries are all known. */
  #takenUp: Claim | null = null;
  /** Whether other processes wait for lanes that this one has left, until the last attempts in them end. */
  #isHandingOver = false;
  #isLeaving = false;
  /** The endpoints with consumers at the latest renewal. */
  #preferred: ReadonlySet<Seq> = new Set();

  constructor(private readonly parts: LaneOwnershipParts) {
    const { clock, facts, queue, lanes } = parts;
    this.#claims = new ClaimKeeper({
      ...{ clock, facts, queue },
      wishes: () => this.#wishes(),
      onChanged: (claim) => {
        this.#isHandingOver = false;
        void this.#changed(claim);
        // From here on, every lane that was left is known.
        this.#isHandingOver = true;
        this.#handOver();
      },
      onLost: () => {
        // If the claim becomes valid again, it may be the same one, but its lanes have been dropped.
        this.#takenUp = null;
        this.#giveUpLost();
      },
    });
    lanes.onLeft = () => this.#handOver();
  }

  /** Claims lanes and starts serving those with pending deliveries. */
  async acquire(): Promise<void> {
    await this.#takeUp(await this.#claims.acquire());
  }

  /** Starts serving lanes that may have pending deliveries although no signal has reported any. */
  findLanes(): void {
    const claim = this.#claims.current;
    this.#takenUp = null;
    if (claim !== null) void this.#changed(claim);
  }

  /** Returns whether this process serves the lane of an endpoint. */
  serves(endpointSeq: Seq): boolean {
    return this.#claims.owns(endpointSeq);
  }

  /** Asks for the lane of an endpoint that has got its first consumer, or gives back that of one without any. */
  consumersChanged(endpointSeq: Seq, hasConsumers: boolean): void {
    if (this.#preferred.has(endpointSeq) !== hasConsumers) this.#claims.renew();
  }

  #wishes(): LaneWishes {
    const preferred = this.parts.preferred();
    this.#preferred = new Set(preferred);
    return { preferred, kept: this.#isLeaving ? this.#busyLanes() : null };
  }

  /** Claims the lanes of a process that has ended, and leaves some to a new one. */
  renew(): void {
    this.#claims.renew();
  }

  /**
   * Leaves all lanes in which no attempt is under way to other processes. No attempt may start after this.
   */
  leave(): void {
    this.#isLeaving = true;
    this.#claims.renew();
  }

  #busyLanes(): readonly Seq[] {
    return [...this.parts.lanes].filter(({ underWay }) => underWay > 0).map(({ endpointSeq }) => endpointSeq);
  }

  /** Lets other processes have the lanes that this one has left, as soon as no attempt is under way in them. */
  #handOver(): void {
    if (!this.#isHandingOver || this.parts.lanes.some(({ isOwned }) => !isOwned)) return;
    this.#isHandingOver = false;
    this.#claims.renew();
  }

  /** Releases all lanes. Every attempt must have ended. */
  release(): Promise<void> {
    return this.#claims.release();
  }

  /** Returns an endpoint's lane, or null if another process serves it. */
  laneOf(endpointSeq: Seq): Lane | null {
    const known = this.parts.lanes.get(endpointSeq);
    if (known?.isOwned) return known;
    const lane = this.#own(endpointSeq);
    // Deliveries that have not been found yet come before the one for which the lane is needed now.
    if (this.#takenUp !== this.#claims.current) lane?.waitsOnDisk(0);
    return lane;
  }

  /** Starts serving a lane. Returns null if another process serves it. */
  #own(endpointSeq: Seq): Lane | null {
    if (!this.#claims.owns(endpointSeq)) return null;
    const lane = this.parts.lanes.get(endpointSeq);
    if (lane === undefined) return this.parts.lanes.add(endpointSeq);
    // This process stopped serving the lane earlier, and the last attempts are still under way.
    lane.isOwned = true;
    lane.entry = null;
    lane.restsUntil = 0;
    return lane;
  }

  async #changed(claim: Claim): Promise<void> {
    const { clock, facts, onChanged } = this.parts;
    this.#giveUpLost();
    while (this.#claims.current === claim) {
      try {
        await this.#takeUp(claim);
        return await onChanged();
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) facts.state({ type: "defect.found", where: "claim", error });
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
      }
    }
  }

  /**
   * Starts serving the claimed lanes that are not served yet. Reads which lanes have pending
   * deliveries, but not the deliveries themselves.
   */
  async #takeUp(claim: Claim): Promise<void> {
    const { queue, lanes, scheduler } = this.parts;
    let after: Seq = 0;
    while (this.#claims.current === claim) {
      const page = await queue.pendingLanes(claim, after, LANES_PAGE);
      for (const { endpointSeq, position } of page) {
        if (lanes.get(endpointSeq)?.isOwned) continue;
        const lane = this.#own(endpointSeq);
        lane?.waitsOnDisk(position);
        if (lane !== null) scheduler.update(lane);
      }
      scheduler.dispatch();
      if (page.length < LANES_PAGE) {
        if (this.#claims.current === claim) this.#takenUp = claim;
        return;
      }
      after = page.at(-1)!.endpointSeq;
    }
  }

  #giveUpLost(): void {
    for (const lane of this.parts.lanes) {
      if (lane.isOwned && !this.#claims.owns(lane.endpointSeq)) this.parts.scheduler.giveUp(lane);
    }
  }
}
