import type { Clock } from "../../ports.ts";

/**
 * Divides long reads into steps of a few ms. In each turn of the event loop only one step runs,
 * whichever read it belongs to, so that requests wait for at most one step. The first step of a
 * read runs immediately, so that short reads are not delayed.
 */
export class Steps {
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
