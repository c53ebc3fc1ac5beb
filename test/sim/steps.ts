import type { VirtualClock } from "./clock.ts";

/** Far more than any world needs. One that needs more never comes to rest. */
const STEPS_MAX = 600_000;

/** Lets virtual time pass, one event of the clock at a time. */
export class Steps {
  #count = 0;

  /**
   * `crashIfDue` runs after each event and after what follows from it; true if the program crashed.
   */
  constructor(
    private readonly clock: VirtualClock,
    private readonly crashIfDue: () => Promise<boolean>,
  ) {}

  get isExhausted(): boolean {
    return this.#count >= STEPS_MAX;
  }

  /**
   * One event, and everything that follows from it without waiting. False if nothing will ever
   * happen again.
   */
  async step(): Promise<boolean> {
    const event = this.clock.next();
    if (event === null || this.isExhausted) return false;
    this.#count++;
    try {
      event.task();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    if (await this.crashIfDue()) return true;
    await macrotask();
    await this.crashIfDue();
    return true;
  }

  /** Steps until `isDone`. */
  async until(isDone: () => boolean): Promise<void> {
    await macrotask();
    while (!isDone() && (await this.step()));
  }

  async passTime(ms: number): Promise<void> {
    const until = this.clock.now + ms;
    let woke = false;
    this.clock.at(ms, () => {
      woke = true;
    });
    while (!woke && this.clock.peek() <= until && (await this.step()));
  }
}

/** Thrown where the program is to crash. */
export class Crash extends Error {}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
