import type { Cancel, Clock } from "../ports.ts";
import { type Store, StoreUnavailable } from "../store/index.ts";

const SWEEP_EVERY_MS = 60_000;
const ROWS_AT_A_TIME = 500;
/** Between two commits of a sweep, so that deliveries go on meanwhile. */
const PAUSE_MS = 20;

/** Deletes what is older than the retention, a little at a time. */
export class Retention {
  #cancel: Cancel | null = null;
  #stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly store: Store,
    private readonly retentionMs: number,
  ) {}

  start(): void {
    this.#later(PAUSE_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /** One commit's worth. True when there is more to look at. */
  async runOnce(): Promise<boolean> {
    const now = this.clock.now();
    const { more } = await this.store.housekeeping.prune(now - this.retentionMs, now, ROWS_AT_A_TIME);
    return more;
  }

  #later(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancel = this.clock.after(delayMs, () => void this.#sweep());
  }

  async #sweep(): Promise<void> {
    let more = false;
    try {
      more = await this.runOnce();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
    this.#later(more ? PAUSE_MS : SWEEP_EVERY_MS);
  }
}
