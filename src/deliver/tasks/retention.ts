import { OneLife } from "../../core/service.ts";
import type { Cancel, Clock } from "../../ports.ts";
import { type Store, StoreUnavailable } from "../../store/index.ts";

/** Time until the next sweep after one that has deleted nothing, in ms. */
const SWEEP_EVERY_MS = 60_000;
/**
 * The same after a sweep that has deleted rows, in ms. A server that accepts messages steadily also
 * deletes steadily. Deleting the messages of a whole minute at once would slow down deliveries.
 */
const SWEEP_AGAIN_MS = 1000;
const ROWS_AT_A_TIME = 500;
/** Minimum pause between two deletions of a sweep, in ms, so that deliveries are not held up. */
const PAUSE_MS = 20;
/**
 * A pause is at least this many times as long as the deletion before it. Other writes run between the
 * commits of a deletion, so their time counts too. When the machine is busy or the disk is slow, a
 * sweep takes longer rather than time from deliveries.
 */
const PAUSE_PER_WORK = 4;

/** Deletes rows that are older than the retention, a few at a time. */
export class Retention extends OneLife {
  #cancel: Cancel = () => {};
  #sweeping: Promise<void> | null = null;
  #lastRunAt: number | null = null;
  /** Whether the current or latest sweep has deleted rows. */
  #hasDeleted = false;

  constructor(
    private readonly clock: Clock,
    private readonly store: Store,
    private readonly retentionMs: number,
    /** Returns whether the clock must not be used to decide what is old. */
    private readonly isClockDoubted: () => boolean,
  ) {
    super();
  }

  protected begin(): void {
    this.#later(PAUSE_MS);
  }

  protected async end(): Promise<void> {
    this.#cancel();
    await this.#sweeping;
  }

  /**
   * Checks a limited number of rows. Returns whether more rows are left. Deletes nothing while the
   * clock is doubted.
   */
  async runOnce(): Promise<boolean> {
    if (this.isClockDoubted()) return false;
    const now = this.clock.now();
    const { deleted, more } = await this.store.housekeeping.prune(now - this.retentionMs, now, ROWS_AT_A_TIME);
    if (deleted > 0) this.#hasDeleted = true;
    return more;
  }

  /** Time at which the latest sweep ended, or null if none has ended since the start. */
  get lastRunAt(): number | null {
    return this.#lastRunAt;
  }

  #later(delayMs: number): void {
    if (this.isStopping) return;
    this.#cancel = this.clock.after(delayMs, () => {
      this.#sweeping = this.#sweep();
    });
  }

  async #sweep(): Promise<void> {
    const startedAt = this.clock.steady();
    let more = false;
    try {
      more = await this.runOnce();
      if (!more) this.#lastRunAt = this.clock.now();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
    if (more) {
      const workMs = this.clock.steady() - startedAt;
      this.#later(Math.min(SWEEP_EVERY_MS, Math.max(PAUSE_MS, PAUSE_PER_WORK * workMs)));
      return;
    }
    this.#later(this.#hasDeleted ? SWEEP_AGAIN_MS : SWEEP_EVERY_MS);
    this.#hasDeleted = false;
  }
}
