import type { Cancel, Clock } from "../ports.ts";

/** A step by less is waited out. */
const STEP_MS = 1000;
/** How late what waits for an instant may be after a step forward, or after the machine was suspended. */
const LOOK_EVERY_MS = 5 * 60_000;

/**
 * The wall clock, and an eye on it: instants are stored by the wall clock, which may step, while timers run on. Tells when
 * whatever was worked out from instants must be worked out anew.
 */
export class ClockWatch {
  #latest = Number.NEGATIVE_INFINITY;
  #cancelLook: Cancel | null = null;

  /** `onStep`: the clock has stepped. `onLook`: what was to be called in more than some minutes is to be asked for again. */
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

  /** Calls `task` in so many ms, or `onLook` or `onStep` before that. */
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
