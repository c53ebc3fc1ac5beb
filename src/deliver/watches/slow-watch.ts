import type { Cancel, Clock } from "../../ports.ts";

/**
 * Duration in ms after which an attempt makes its endpoint slow, even before the attempt has ended.
 */
export const SLOW_MS = 1000;
/** The same duration, but while a lane that has nothing under way waits too long for a slot. */
export const SHORT_MS = 50;
/** How long such a lane waits before `SHORT_MS` applies, in ms. */
export const PATIENCE_MS = 400;

export interface Watched {
  /** Start of the attempt, by a clock that never steps. */
  readonly startTime: number;
}

/**
 * Detects attempts that have become slow while they are under way. One timer is enough, because
 * attempts start in order.
 *
 * Example: 1,000 endpoints begin to hang at the same moment, and there are 256 slots. The first 256
 * attempts become slow after `PATIENCE_MS`, and each further 256 after `SHORT_MS`. So each endpoint
 * gets a slot within a second.
 */
export class SlowWatch<Attempt extends Watched> {
  readonly #watched = new Set<Attempt>();
  #cancel: Cancel | null = null;
  #armedFor = 0;

  /**
   * `shortSince` returns the time since which a lane that has nothing under way has been waiting
   * for a slot, or null. When the result changes from null, `look` must be called.
   */
  constructor(
    private readonly clock: Pick<Clock, "now" | "after">,
    private readonly shortSince: () => number | null,
    private readonly onSlow: (attempt: Attempt) => void,
  ) {}

  started(attempt: Attempt): void {
    this.#watched.add(attempt);
    if (this.#cancel === null) this.#arm(SLOW_MS, attempt.startTime + SLOW_MS);
  }

  /** Returns whether the attempt was fast. */
  ended(attempt: Attempt, endTime: number): boolean {
    this.#watched.delete(attempt);
    return endTime - attempt.startTime <= SLOW_MS;
  }

  /** Brings the timer forward if the oldest attempt now becomes slow earlier than planned. */
  look(): void {
    const [oldest] = this.#watched;
    if (this.#cancel === null || oldest === undefined || this.#slowAt(oldest) >= this.#armedFor) return;
    this.#cancel();
    this.#armForOldest();
  }

  stop(): void {
    this.#cancel?.();
    this.#watched.clear();
  }

  #slowAt({ startTime }: Watched): number {
    const shortSince = this.shortSince();
    const usually = startTime + SLOW_MS;
    return shortSince === null ? usually : Math.min(usually, Math.max(startTime + SHORT_MS, shortSince + PATIENCE_MS));
  }

  #armForOldest(): void {
    this.#cancel = null;
    const [oldest] = this.#watched;
    if (oldest === undefined) return;
    const at = this.#slowAt(oldest);
    this.#arm(Math.max(0, at - this.clock.now()), at);
  }

  #arm(delayMs: number, at: number): void {
    this.#armedFor = at;
    this.#cancel = this.clock.after(delayMs, () => this.#check());
  }

  #check(): void {
    const now = this.clock.now();
    this.#cancel = null;
    for (const attempt of this.#watched) {
      if (this.#slowAt(attempt) > now) break;
      this.#watched.delete(attempt);
      this.onSlow(attempt);
    }
    // An attempt that has just started may have set the timer.
    (this.#cancel as Cancel | null)?.();
    this.#armForOldest();
  }
}
