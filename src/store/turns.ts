import type { Clock } from "../ports.ts";

/**
 * Divides long work into steps of a few ms. In each turn of the event loop only one step runs,
 * whichever work it belongs to, so that requests wait for at most one step. The first step runs
 * immediately, so that short work is not delayed.
 */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly clock: Pick<Clock, "soon">) {}

  /**
   * Resolves when the caller may run its next step. The caller must run the step synchronously
   * after that.
   */
  next(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => this.clock.soon(resolve)));
    return this.#last;
  }
}
