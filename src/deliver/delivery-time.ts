import type { Cancel, Clock } from "../ports.ts";
import type { ClockOffsets } from "../store/index.ts";

/**
 * The wall clock has been set if its lead over the delivery time changes by more than this, in ms.
 */
const STEP_MS = 1000;
/**
 * The lead is stored if it changes by more than this, in ms. After a restart, retries may come early
 * by this much if the wall clock was set forward.
 */
const KEPT_MS = 10;

/**
 * The time by which deliveries wait, in ms. It starts with the time of the wall clock, passes
 * evenly, and does not change when the wall clock is set. So a retry waits as long as its schedule
 * requires.
 *
 * - Due times of retries are stored as delivery times. The difference to the wall clock is stored
 *   whenever the wall clock is set, even by less than a second.
 * - Positions of retries are `positionsAheadMs` ahead of the delivery time, so that they are never
 *   behind the wall clock. The positions of new deliveries are generated from the wall clock.
 * - Scheduled messages are due at a time of the wall clock.
 */
export class DeliveryTime {
  /** Called when the wall clock has been set. */
  onClockSet: () => void = () => {};
  /** Called when `offsets` have changed and must be stored. */
  onOffsetsChanged: () => void = () => {};
  /** Difference between the delivery time and the steady clock, in ms. */
  #offsetMs: number;
  #aheadMs = 0;
  /** The lead at the latest call of `onClockSet`. */
  #reportedAheadMs = 0;
  #positionsAheadMs = 0;

  constructor(private readonly clock: Clock) {
    this.#offsetMs = clock.now() - clock.steady();
  }

  /**
   * Continues the delivery time of the previous process. `lastAt` is the time of the last number
   * that the previous process stored. While no process runs, only the wall clock shows how much
   * time has passed. If it was set back to before `lastAt`, no time counts as passed.
   */
  resume({ aheadMs, positionsAheadMs }: ClockOffsets, lastAt: number): void {
    const wall = this.clock.now();
    const least = lastAt - positionsAheadMs;
    const isBehind = wall - aheadMs < least - STEP_MS;
    const now = isBehind ? least : wall - aheadMs;
    this.#offsetMs = now - this.clock.steady();
    this.#aheadMs = isBehind ? wall - now : aheadMs;
    this.#reportedAheadMs = this.#aheadMs;
    this.#positionsAheadMs = Math.max(positionsAheadMs, this.#aheadMs, 0);
  }

  get offsets(): ClockOffsets {
    return { aheadMs: this.#aheadMs, positionsAheadMs: this.#positionsAheadMs };
  }

  /** Returns the delivery time. Also detects whether the wall clock has been set. */
  now(): number {
    const now = Math.floor(this.clock.steady() + this.#offsetMs);
    const aheadMs = this.clock.now() - now;
    if (aheadMs > this.#positionsAheadMs) this.#positionsAheadMs = aheadMs;
    if (Math.abs(aheadMs - this.#aheadMs) > KEPT_MS) this.#leadChanged();
    return now;
  }

  /** Reads both clocks again, because the process may have been suspended between two readings. */
  #leadChanged(): void {
    const { aheadMs } = this;
    if (Math.abs(aheadMs - this.#aheadMs) <= KEPT_MS) return;
    this.#aheadMs = aheadMs;
    this.onOffsetsChanged();
    if (Math.abs(aheadMs - this.#reportedAheadMs) <= STEP_MS) return;
    this.#reportedAheadMs = aheadMs;
    this.onClockSet();
  }

  /** How far the wall clock is currently ahead of the delivery time, in ms. */
  get aheadMs(): number {
    return this.clock.now() - Math.floor(this.clock.steady() + this.#offsetMs);
  }

  /** How far positions are ahead of the delivery time, in ms. */
  get positionsAheadMs(): number {
    return this.#positionsAheadMs;
  }

  after(delayMs: number, task: () => void): Cancel {
    return this.clock.after(delayMs, task);
  }
}
