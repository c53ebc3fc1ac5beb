import type { Clock } from "../../ports.ts";

/**
 * Divides long reads into steps of a few ms. One step of all reads together runs in each turn of
 * the event loop, so requests wait for one step only, however many reads are under way. The first
 * step of a read needs no turn, so that short reads are not delayed.
 */
export class Steps {
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly clock: Pick<Clock, "soon">) {}

  /** Resolves when the caller may run its next step. The step must begin without a further wait. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => this.clock.soon(resolve)));
    return this.#last;
  }
}
