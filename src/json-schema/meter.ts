/**
 * A schema can be made to cost more than its size lets one expect: references that fan out double the work with each level,
 * and with each level of the payload again. So whatever a check does is counted while it does it, and a check that needs too
 * much is ended. Counting says the same on every machine, as a clock would not.
 */

/**
 * What one check may cost. A step is the visit of a value by a (sub)schema and takes about a tenth of a microsecond; ordinary
 * payloads of ordinary schemas need some hundred. The weights below are measured against that.
 */
export const stepsMax = 1_000_000;

/** So many characters of a text cost as much as a step, where they are looked at one by one. */
const CHARS_PER_STEP = 32;
/** So many names of fields cost as much as a step. */
export const namesPerStep = 4;

/** The check of a payload would have taken too long. */
export class TooCostly extends Error {
  override readonly name = "TooCostly";
}

/** Takes what is paid. */
export interface Payee {
  /** Throws `TooCostly` when there is not so much left. */
  spend(steps: number): void;
  /** For looking at each character. */
  spendOnText(text: string): void;
}

/** For what is done once, when a schema is taken. */
export const free: Payee = { spend() {}, spendOnText() {} };

/** Counts what a check costs. One check runs at a time, from its beginning to its end, so a schema needs but one. */
export class Meter implements Payee {
  #left = 0;
  /** Lists of fields are counted again and again for the same object. */
  #countedFields: object | null = null;
  #fieldCount = 0;

  get spent(): number {
    return stepsMax - Math.max(0, this.#left);
  }

  start(): void {
    this.#left = stepsMax;
    this.#countedFields = null;
  }

  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new TooCostly();
  }

  spendOnText(text: string): void {
    this.spend(text.length / CHARS_PER_STEP);
  }

  /** How many fields an object has; counting them is paid for. */
  fieldCount(value: object): number {
    if (this.#countedFields !== value) {
      this.#fieldCount = Object.keys(value).length;
      this.#countedFields = value;
    }
    this.spend(this.#fieldCount / namesPerStep);
    return this.#fieldCount;
  }
}
