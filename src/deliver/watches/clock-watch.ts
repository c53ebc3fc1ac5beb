import type { Cancel, Clock } from "../../ports.ts";

/** A smaller step of the clock is waited out. */
const STEP_MS = 1000;
/** How late a waiter may be after the clock was set forward, or after the machine was suspended. */
const LOOK_EVERY_MS = 5 * 60_000;

/**
 * The wall clock, and a watch on it. Due times are wall clock times, and the wall clock may be set,
 * while timers run on. The watch notices when everything that was derived from the time must be
 * derived again.
 */
export class ClockWatch {
  #latest = Number.NEGATIVE_INFINITY;
  #cancelLook: Cancel | null = null;

  /**
   * Calls `onStep` when the clock has been set, and `onLook` when long waits must be computed
   * again.
   */
  constructor(
    private readonly clock: Clock,
    private readonly onStep: () => void,
    private readonly onLook: () => void,
  ) {}

  /** ms since the Unix epoch. */
  now(): number {
    const now = this.clock.now();
    const steppedBack = now < this.#latest - STEP_MS;
    this.#latest = now;
    if (steppedBack) this.onStep();
    return now;
  }

  /** Calls `task` in `waitMs`, or `onLook` or `onStep` before that. */
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
