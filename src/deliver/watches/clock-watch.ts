import type { Cancel } from "../../ports.ts";
import type { DeliveryTime } from "../delivery-time.ts";

/**
 * Maximum delay of a scheduled message after the wall clock was set forward or the machine was
 * suspended, in ms.
 */
const LOOK_EVERY_MS = 5 * 60_000;

/** Timers for waits of any length. While a long wait runs, the wall clock is checked regularly. */
export class ClockWatch {
  #cancelLook: Cancel | null = null;

  /** `onLook` is called when long waits must be computed again. */
  constructor(
    private readonly time: DeliveryTime,
    private readonly onLook: () => void,
  ) {}

  /**
   * Calls `task` after `waitMs`. A long wait is cut short, and `onLook` is called instead of
   * `task`.
   */
  after(waitMs: number, task: () => void): Cancel {
    if (waitMs <= LOOK_EVERY_MS) return this.time.after(waitMs, task);
    this.#cancelLook ??= this.time.after(LOOK_EVERY_MS, () => {
      this.#cancelLook = null;
      // This call detects whether the clock has been set.
      this.time.now();
      this.onLook();
    });
    return () => {};
  }

  stop(): void {
    this.#cancelLook?.();
  }
}
