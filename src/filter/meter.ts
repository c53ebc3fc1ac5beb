/**
 * Counts the cost of filters in steps of about 0.1 µs. A filter with thousands of conditions on a list
 * with a million items would hold up all other messages, so a check stops at a limit. Unlike a time
 * limit, counting gives the same result on every machine.
 */

/** Maximum number of steps of one filter for one message. An ordinary filter needs less than 100. */
export const filterStepsMax = 400_000;

/** The check would need more steps than it may. */
export class TooCostly extends Error {
  override readonly name = "TooCostly";
}

const CHARS_PER_STEP = 32;

export class FilterMeter {
  #left = 0;
  #max = 0;

  /** Steps since the last `start`. */
  get spent(): number {
    return this.#max - this.#left;
  }

  start(max: number = filterStepsMax): void {
    this.#max = max;
    this.#left = max;
  }

  /** Throws `TooCostly`. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new TooCostly();
  }

  /** Spends the cost of reading a text. */
  spendOnText(length: number): void {
    this.spend(length / CHARS_PER_STEP);
  }
}
