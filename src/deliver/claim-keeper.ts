import type { Facts } from "../core/facts.ts";
import type { Seq } from "../core/id.ts";
import type { Cancel, Clock } from "../ports.ts";
import { type Claim, type LaneWishes, type Queue, StoreUnavailable } from "../store/index.ts";

/** How long to wait before retrying to renew a claim, in ms. */
const RETRY_MS = 500;

export interface ClaimKeeperParts {
  readonly clock: Clock;
  readonly facts: Facts;
  readonly queue: Pick<Queue, "claim" | "renew" | "release">;
  /** Called for every claim. */
  readonly wishes: () => LaneWishes;
  /** Called when a new claim is valid. It may cover different lanes than the previous claim. */
  readonly onChanged: (claim: Claim) => void;
  /**
   * Called when the claim expired because it could not be renewed in time. Other processes may now
   * serve its lanes.
   */
  readonly onLost: () => void;
}

/**
 * Holds this process's claim on its lanes. Renews the claim when half of its time has passed, and
 * retries until renewal succeeds. A claim that never expires is never renewed.
 */
export class ClaimKeeper {
  #claim: Claim | null = null;
  /** False after the claim has expired. */
  #isValid = false;
  #cancelRenewal: Cancel = () => {};
  #cancelEnd: Cancel = () => {};
  #renewing: Promise<void> | null = null;
  /** Whether lanes may have become free since the renewal under way began. */
  #mustRepeat = false;
  #isReleased = false;

  constructor(private readonly parts: ClaimKeeperParts) {}

  async acquire(): Promise<Claim> {
    const claim = await this.parts.queue.claim(this.parts.wishes());
    this.#hold(claim);
    return claim;
  }

  /** Returns whether this process serves the lane of an endpoint. */
  owns(endpointSeq: Seq): boolean {
    return this.#isValid && this.#claim!.owns(endpointSeq);
  }

  /** The valid claim, or null before `acquire` and after the claim has ended. */
  get current(): Claim | null {
    return this.#isValid ? this.#claim : null;
  }

  /**
   * Renews the claim now, because other lanes may be free, wanted or left. Does nothing without a claim that
   * can expire.
   */
  renew(): void {
    if (this.#claim === null || this.#claim.validUntil === Number.POSITIVE_INFINITY) return;
    if (this.#renewing === null) this.#renewLater(0);
    else this.#mustRepeat = true;
  }

  /** Releases all lanes. Every attempt under the claim must have ended. */
  async release(): Promise<void> {
    this.#isReleased = true;
    this.#cancelRenewal();
    this.#cancelEnd();
    await this.#renewing;
    this.#isValid = false;
    if (this.#claim === null) return;
    try {
      await this.parts.queue.release(this.#claim);
    } catch (error) {
      // The claim is not released but will expire.
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  #hold(claim: Claim): void {
    this.#claim = claim;
    this.#isValid = true;
    this.#cancelEnd();
    if (this.#isReleased || claim.validUntil === Number.POSITIVE_INFINITY) return;
    this.#renewLater(this.#leftMs(claim) / 2);
    this.#endLater(claim);
  }

  #leftMs({ validUntil }: Claim): number {
    return Math.max(0, validUntil - this.parts.clock.now());
  }

  /** Ends the claim when it is no longer valid. The store may extend it before a renewal ends. */
  #endLater(claim: Claim): void {
    this.#cancelEnd = this.parts.clock.after(this.#leftMs(claim), () => {
      if (this.#leftMs(claim) > 0) return this.#endLater(claim);
      this.#isValid = false;
      this.parts.onLost();
    });
  }

  #renewLater(delayMs: number): void {
    this.#cancelRenewal();
    if (this.#isReleased) return;
    this.#cancelRenewal = this.parts.clock.after(delayMs, () => {
      this.#mustRepeat = false;
      this.#renewing = this.#renew().finally(() => {
        this.#renewing = null;
        if (this.#mustRepeat) this.#renewLater(0);
      });
    });
  }

  async #renew(): Promise<void> {
    const { queue, facts, wishes, onChanged } = this.parts;
    const before = this.#claim!;
    try {
      const claim = await queue.renew(before, wishes());
      const wasValid = this.#isValid;
      this.#hold(claim);
      if (!this.#isReleased && (claim !== before || !wasValid)) onChanged(claim);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) facts.state({ type: "defect.found", where: "claim", error });
      this.#renewLater(RETRY_MS);
    }
  }
}
