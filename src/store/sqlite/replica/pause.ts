import type { Clock } from "../../../ports.ts";

/** Waits that can be ended early. Only one wait may be under way. */
export class Pause {
  #isOver = false;
  #mayWake = false;
  #end: () => void = () => {};

  constructor(private readonly clock: Pick<Clock, "after">) {}

  /** Waits for a time in ms, or until `stop` is called, or `wake` if `mayWake` is true. */
  for(delayMs: number, mayWake: boolean): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    this.#mayWake = mayWake;
    return new Promise((resolve) => {
      const cancel = this.clock.after(delayMs, resolve);
      this.#end = () => {
        cancel();
        resolve();
      };
    });
  }

  wake(): void {
    if (this.#mayWake) this.#end();
  }

  /** Ends the wait. Later ones end at once. */
  stop(): void {
    this.#isOver = true;
    this.#end();
  }
}
