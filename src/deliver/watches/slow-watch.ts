import type { Cancel, Clock } from "../../ports.ts";
import type { Lane } from "../lane.ts";

/**
 * Duration in ms after which an attempt makes its endpoint troubled, even before the attempt has
 * ended.
 */
export const SLOW_MS = 1000;

export interface Watched {
  readonly lane: Lane;
  readonly startedAt: number;
}

/**
 * Detects attempts that have become slow while they are under way. One timer is enough, because
 * attempts start in order.
 */
export class SlowWatch {
  readonly #watched = new Set<Watched>();
  #cancel: Cancel | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly onSlow: (lane: Lane) => void,
  ) {}

  started(attempt: Watched): void {
    this.#watched.add(attempt);
    if (this.#cancel === null) this.#arm(SLOW_MS);
  }

  /** Returns whether the attempt was fast. */
  ended(attempt: Watched, endedAt: number): boolean {
    this.#watched.delete(attempt);
    return endedAt - attempt.startedAt <= SLOW_MS;
  }

  stop(): void {
    this.#cancel?.();
    this.#watched.clear();
  }

  #arm(delayMs: number): void {
    this.#cancel = this.clock.after(delayMs, () => {
      this.#cancel = null;
      this.#check();
    });
  }

  #check(): void {
    const now = this.clock.now();
    for (const attempt of this.#watched) {
      const leftMs = attempt.startedAt + SLOW_MS - now;
      // If the clock was set back, wait no longer than a new attempt would.
      if (leftMs > 0) {
        if (this.#cancel === null) this.#arm(Math.min(leftMs, SLOW_MS));
        return;
      }
      this.#watched.delete(attempt);
      this.onSlow(attempt.lane);
    }
  }
}
