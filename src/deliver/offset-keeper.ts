import { type SeqSource, timeOfSeq } from "../core/id.ts";
import type { Clock } from "../ports.ts";
import { type ClockOffsets, type Housekeeping, StoreUnavailable } from "../store/index.ts";
import type { DeliveryTime } from "./delivery-time.ts";
import { STORE_RETRY_MS } from "./settle.ts";

/**
 * Stores the difference between the delivery time and the wall clock, so that it survives restarts.
 */
export class OffsetKeeper {
  /** The offsets that have been stored or are being stored. */
  #kept: ClockOffsets | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly time: DeliveryTime,
    private readonly store: { readonly housekeeping: Pick<Housekeeping, "clockOffsets"> },
  ) {}

  /** Continues the delivery time of the previous process. */
  async resume(seqs: SeqSource): Promise<void> {
    const kept = await this.store.housekeeping.clockOffsets.get();
    this.time.resume(kept, timeOfSeq(seqs.last));
    this.#kept = kept;
    if (this.time.offsets.aheadMs !== kept.aheadMs) this.keep();
  }

  /** Stores the offsets. Must be called when they have changed. Does nothing before `resume`. */
  keep(): void {
    if (this.#kept !== null) void this.#keep(this.time.offsets);
  }

  async #keep(offsets: ClockOffsets): Promise<void> {
    this.#kept = offsets;
    while (this.#kept === offsets) {
      try {
        return await this.store.housekeeping.clockOffsets.set(offsets);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        await new Promise<void>((resolve) => this.clock.after(STORE_RETRY_MS, resolve));
      }
    }
  }
}
