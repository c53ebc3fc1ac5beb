import type { Cancel, Clock } from "../../ports.ts";

/** The smallest clock change that is detected, in ms. Smaller changes are ignored. */
const STEP_MS = 1000;
/**
 * Maximum delay of a waiter after the clock was set forward or the machine was suspended, in ms.
 */
const LOOK_EVERY_MS = 5 * 60_000;

/**
 * The wall clock, with detection of changes. Due times are times of the wall clock, which may be
 * set while timers are running. This class detects when values derived from the time must be
 * computed again.
 */
export class ClockWatch {
  #latest = Number.NEGATIVE_INFINITY;
  #cancelLook: Cancel | null = null;

  /**
   * `onStep` is called when the clock has been set. `onLook` is called when long waits must be
   * computed again.
   */
  constructor(
    private readonly clock: Clock,
    private readonly onStep: () => void,
    private readonly onLook: () => void,
  ) {}

  /** Returns the time in ms since the Unix epoch. */
  now(): number {
    const now = this.clock.now();
    const steppedBack = now < this.#latest - STEP_MS;
    this.#latest = now;
    if (steppedBack) this.onStep();
    return now;
  }

  /**
   * Calls `task` after `waitMs`. If the wait is long, may call `onLook` or `onStep` earlier instead
   * of `task`.
   */
  after(waitMs: number, task: () => void): Cancel {
    if (waitMs <= LOOK_EVERY_MS) return this.clock.after(waitMs, task);
    this.#cancelLook ??= this.#lookLater();
    return () => {};
  }

  #lookLater(): Cancel {
    const lookAt = this.now() + LOOK_EVERY_MS;
    return this.clock.after(LOOK_EVERY_MS, () => {
      this.#cancelLook = null;
      if (this.now() > lookAt + STEP_MS) this.onStep();
      else this.onLook();
    });
  }

  stop(): void {
    this.#cancelLook?.();
  }
}
