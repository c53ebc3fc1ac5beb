import { afterReading, type ClockTrust, isDoubted, trusted } from "../../core/clock-trust.ts";
import type { Facts } from "../../core/facts.ts";
import { timeOfSeq } from "../../core/id.ts";
import { OneLife } from "../../core/service.ts";
import type { Cancel, Clock } from "../../ports.ts";
import { type Store, StoreUnavailable } from "../../store/index.ts";

const CHECK_EVERY_MS = 60_000;
/**
 * Time after which an unchanged state is stored again, in ms. It is much less than a plausible
 * step.
 */
const STORE_EVERY_MS = 3_600_000;
const STATE = "clock-trust";

/**
 * Watches whether the wall clock can be trusted. A clock that has jumped years ahead would make
 * everything seem old: the retention would delete all data, and endpoints would seem to have failed
 * for years. The state is stored, so that a doubt survives a restart.
 */
export class ClockTrustWatch extends OneLife {
  #trust: ClockTrust | null = null;
  #stored: ClockTrust | null = null;
  #cancel: Cancel = () => {};
  #checking: Promise<void> = Promise.resolve();
  /** Time of the newest data when the store was opened, or null if there was none. */
  readonly #newestAt: number | null;

  constructor(
    private readonly clock: Clock,
    private readonly facts: Facts,
    private readonly store: Pick<Store, "numbers" | "housekeeping">,
    /** Whether the operator has confirmed that the clock is right. */
    private readonly isAccepted: boolean,
  ) {
    super();
    const { last } = store.numbers;
    this.#newestAt = last === 0 ? null : timeOfSeq(last);
  }

  protected async begin(): Promise<void> {
    const now = this.clock.now();
    this.#trust = this.isAccepted ? trusted(now) : await this.#load(now);
    await this.check();
    this.#later();
  }

  protected async end(): Promise<void> {
    this.#cancel();
    await this.#checking;
  }

  /** False until the watch has started. */
  get isDoubted(): boolean {
    return this.#trust !== null && isDoubted(this.#trust, this.clock.now());
  }

  /** Time since which the clock is doubted, or null while it is trusted. */
  get doubtedSince(): number | null {
    return this.#trust === null ? null : afterReading(this.#trust, this.clock.now()).doubtedSince;
  }

  /** Reads the clock, publishes a fact if the trust has changed, and stores the trust. */
  async check(): Promise<void> {
    const before = this.#trust;
    if (before === null) return;
    const now = this.clock.now();
    const after = afterReading(before, now);
    this.#trust = after;
    const isNew = this.#stored === null || before.doubtedSince !== after.doubtedSince;
    if (isNew && after.doubtedSince !== null) {
      this.facts.state({ type: "clock.doubted", aheadMs: now - after.trustedAt });
    } else if (before.doubtedSince !== null && after.doubtedSince === null) {
      this.facts.state({ type: "clock.trusted" });
    }
    if (isNew || Math.abs(now - this.#stored!.seenAt) >= STORE_EVERY_MS) await this.#keep(after);
  }

  async #load(now: number): Promise<ClockTrust> {
    const stored = await this.store.housekeeping.meta.get(STATE);
    if (stored !== null) return JSON.parse(stored) as ClockTrust;
    return trusted(this.#newestAt ?? now);
  }

  async #keep(trust: ClockTrust): Promise<void> {
    try {
      await this.store.housekeeping.meta.set(STATE, JSON.stringify(trust));
      this.#stored = trust;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      // The next check stores the state.
    }
  }

  #later(): void {
    if (this.isStopping) return;
    this.#cancel = this.clock.after(CHECK_EVERY_MS, () => {
      this.#checking = this.check().then(() => this.#later());
    });
  }
}
