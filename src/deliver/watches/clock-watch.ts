import type { Cancel } from "../../ports.ts";
import type { DeliveryTime } from "../delivery-time.ts";

/**
 * Maximum delay of a scheduled message, in ms, after the wall clock was set forward or the machine
 * was suspended.
 */
const LOOK_EVERY_MS = 5 * 60_000;

/** Timers for waits of any length, and a regular check of the wall clock while a long wait runs. */
export class ClockWatch {
  #cancelLook: Cancel | null = null;

  /** `onLook` is called when long waits must be computed again. */
  constructor(
    private readonly time: DeliveryTime,
    private readonly onLook: () => void,
  ) {}

  /** Calls `task` after `waitMs`. If the wait is long, calls `onLook` earlier instead of `task`. */
  after(waitMs: number, task: () => void): Cancel {
    if (waitMs <= LOOK_EVERY_MS) return this.time.after(waitMs, task);
    this.#cancelLook ??= this.time.after(LOOK_EVERY_MS, () => {
      this.#cancelLook = null;
      // Detects whether the clock has been set.
      this.time.now();
      this.onLook();
    });
    return () => {};
  }

  stop(): void {
    this.#cancelLook?.();
  }
}
