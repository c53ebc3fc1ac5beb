import type { Facts } from "../core/facts.ts";
import { OneLife } from "../core/service.ts";
import type { Cancel, Clock } from "../ports.ts";
import type { Store } from "../store/index.ts";
import { isStoreUnavailable } from "./store-unavailable.ts";
import type { Tally } from "./tally.ts";

/** Time between two corrections, in ms. */
const EVERY_MS = 5_000;
/** Minimum time between two corrections, as a multiple of the time that reading the counts took. */
const PAUSE_FACTOR = 20;

interface Parts {
  readonly tally: Tally;
  readonly store: Store;
  readonly clock: Clock;
  readonly facts: Facts;
}

/**
 * Reads the counts of a tally again while other processes change deliveries of the same store, because
 * their facts are not known here. Alone, it reads nothing.
 */
export class TallyCorrection extends OneLife {
  #cancel: Cancel = () => {};
  #running: Promise<void> = Promise.resolve();
  #wasShared = false;

  constructor(private readonly parts: Parts) {
    super();
  }

  protected begin(): void {
    this.#later(EVERY_MS);
  }

  protected async end(): Promise<void> {
    this.#cancel();
    await this.#running;
  }

  #later(afterMs: number): void {
    if (this.isStopping) return;
    this.#cancel = this.parts.clock.after(afterMs, () => {
      this.#running = this.#correct().then((tookMs) => this.#later(Math.max(EVERY_MS, tookMs * PAUSE_FACTOR)));
    });
  }

  /** Returns how long reading took, in ms. Reads once more after the last other process has ended. */
  async #correct(): Promise<number> {
    const { tally, store, clock, facts } = this.parts;
    const isShared = store.feed.isShared();
    const isNeeded = isShared || this.#wasShared;
    this.#wasShared = isShared;
    if (!isNeeded) return 0;
    const startedAt = clock.steady();
    try {
      tally.correct(await store.history.totals());
    } catch (error) {
      this.#wasShared = true;
      // A store that cannot be read states that itself.
      if (!isStoreUnavailable(error)) {
        facts.state({ type: "defect.found", where: "counts of deliveries", error });
      }
    }
    return clock.steady() - startedAt;
  }
}
