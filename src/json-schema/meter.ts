/**
 * Counts the cost of payload checks. A check can cost far more than the size of the schema
 * suggests: references that fan out double the work with each level, and again with each level of
 * the payload. So a check counts its work and stops when it exceeds the limit. Unlike a time limit,
 * counting gives the same result on every machine.
 */

/**
 * Maximum cost of one check, in steps. A step is one visit of a value by a (sub)schema and takes
 * about 0.1 µs. Ordinary payloads with ordinary schemas need a few hundred steps. The weights below
 * are measured in steps.
 */
export const stepsMax = 1_000_000;

/** Number of characters that cost one step when they are read one by one. */
const CHARS_PER_STEP = 32;
/** Number of field names that cost one step to read. */
export const namesPerStep = 4;

/** The check would exceed `stepsMax`. */
export class TooCostly extends Error {
  override readonly name = "TooCostly";
}

/** A budget of steps. */
export interface Budget {
  /** Spends this many steps. Throws `TooCostly` if the budget is exhausted. */
  spend(steps: number): void;
  /** Spends the cost of reading each character of a text. */
  spendOnText(text: string): void;
}

/** An unlimited budget, for work that is done once, when a schema is compiled. */
export const unlimited: Budget = { spend() {}, spendOnText() {} };

/**
 * Counts the cost of one check at a time. Checks run synchronously, so one meter per schema is
 * enough.
 */
export class Meter implements Budget {
  #left = 0;
  #max = 0;
  /** The object whose fields were counted last. Calls often ask for the same object repeatedly. */
  #countedFields: object | null = null;
  #fieldCount = 0;

  get spent(): number {
    return this.#max - Math.max(0, this.#left);
  }

  /** Starts a check that may cost `max` steps. */
  start(max = stepsMax): void {
    this.#max = max;
    this.#left = max;
    this.#countedFields = null;
  }

  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new TooCostly();
  }

  spendOnText(text: string): void {
    this.spend(text.length / CHARS_PER_STEP);
  }

  /** Returns the number of fields of an object and charges for counting them. */
  fieldCount(value: object): number {
    if (this.#countedFields !== value) {
      this.#fieldCount = Object.keys(value).length;
      this.#countedFields = value;
    }
    this.spend(this.#fieldCount / namesPerStep);
    return this.#fieldCount;
  }
}
