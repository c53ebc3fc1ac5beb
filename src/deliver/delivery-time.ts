import type { Cancel, Clock } from "../ports.ts";
import type { ClockOffsets } from "../store/index.ts";

/** Difference to the wall clock, in ms, above which the wall clock counts as set. */
const STEP_MS = 1000;

/**
 * The time by which deliveries wait, in ms. It passes evenly: it starts as the wall clock and never
 * follows when the wall clock is set. So a retry waits as long as its schedule says.
 *
 * - Due times of retries are stored as delivery times, and the difference to the wall clock is
 *   stored whenever the wall clock is set.
 * - Positions of retries are ahead of that by `positionsAheadMs`. So they are never behind the
 *   wall clock, by which the positions of new deliveries are generated.
 * - Scheduled messages are due at an instant of the wall clock.
 */
export class DeliveryTime {
  /** Called when the wall clock has been set. */
  onClockSet: () => void = () => {};
  /** The delivery time minus the steady clock. */
  #offsetMs: number;
  #aheadMs = 0;
  #positionsAheadMs = 0;

  constructor(private readonly clock: Clock) {
    this.#offsetMs = clock.now() - clock.steady();
  }

  /**
   * Continues the time of the process before. `lastAt` is the time of the last number that it
   * stored. While no process ran, only the wall clock tells how much time has passed. If it was set
   * back to before `lastAt`, no time has passed.
   */
  resume({ aheadMs, positionsAheadMs }: ClockOffsets, lastAt: number): void {
    const wall = this.clock.now();
    const least = lastAt - positionsAheadMs;
    const isBehind = wall - aheadMs < least - STEP_MS;
    const now = isBehind ? least : wall - aheadMs;
    this.#offsetMs = now - this.clock.steady();
    this.#aheadMs = isBehind ? wall - now : aheadMs;
    this.#positionsAheadMs = Math.max(positionsAheadMs, this.#aheadMs, 0);
  }

  get offsets(): ClockOffsets {
    return { aheadMs: this.#aheadMs, positionsAheadMs: this.#positionsAheadMs };
  }

  /** The delivery time. Also detects whether the wall clock has been set. */
  now(): number {
    const now = Math.floor(this.clock.steady() + this.#offsetMs);
    const aheadMs = this.clock.now() - now;
    if (aheadMs > this.#positionsAheadMs) this.#positionsAheadMs = aheadMs;
    if (Math.abs(aheadMs - this.#aheadMs) > STEP_MS) {
      this.#aheadMs = aheadMs;
      this.onClockSet();
    }
    return now;
  }

  /** Time that the wall clock is ahead of the delivery time at present, in ms. */
  get aheadMs(): number {
    return this.clock.now() - Math.floor(this.clock.steady() + this.#offsetMs);
  }

  /** Time that positions are ahead of the delivery time, in ms. */
  get positionsAheadMs(): number {
    return this.#positionsAheadMs;
  }

  after(delayMs: number, task: () => void): Cancel {
    return this.clock.after(delayMs, task);
  }
}
