import type { VirtualClock } from "./clock.ts";

/** Far more steps than any world needs. A world that needs more never comes to rest. */
const STEPS_MAX = 600_000;

/** Lets virtual time pass, one event of the clock at a time. */
export class Steps {
  #count = 0;

  /**
   * `crashIfDue` is called when an event and everything that follows from it is done. It returns
   * whether the program has crashed. From when `isFound` returns true, each step throws `Found`.
   */
  constructor(
    private readonly clock: VirtualClock,
    private readonly crashIfDue: () => Promise<boolean>,
    private readonly isFound: () => boolean,
  ) {}

  get isExhausted(): boolean {
    return this.#count >= STEPS_MAX;
  }

  /**
   * Runs one event and everything that follows from it without waiting. Returns false if there is
   * no further event.
   */
  async step(): Promise<boolean> {
    if (this.isFound()) throw new Found();
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

  /** Makes steps until `isDone` returns true. */
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

/** Thrown where the program must crash. */
export class Crash extends Error {}

/** Thrown when the planted fault has been found, so that the world need not go on. */
export class Found extends Error {}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
