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

  /**
   * Returns a function for work whose steps read rows. The function is called with the number of rows
   * that a step has read, and waits for the next turn whenever `rowsMax` rows have been read.
   */
  budget(rowsMax: number): (rows: number) => Promise<void> {
    let read = 0;
    return async (rows) => {
      read += rows;
      if (read < rowsMax) return;
      read = 0;
      await this.next();
    };
  }
}
