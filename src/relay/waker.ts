/** Waits that end early. */
import { setTimeout as delay } from "node:timers/promises";

export class Waker {
  #isAwake = false;
  #end: (() => void) | null = null;

  constructor(private readonly stop: AbortSignal) {
    stop.addEventListener("abort", () => this.#end?.());
  }

  /** Ends the current call of `idle`, or the next one. */
  wake(): void {
    this.#isAwake = true;
    this.#end?.();
  }

  /** Resolves after a time, after `wake`, or when it is stopped. */
  async idle(ms: number): Promise<void> {
    if (!this.#isAwake && !this.stop.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#end = resolve;
      const timer = setTimeout(resolve, ms);
      await promise;
      clearTimeout(timer);
      this.#end = null;
    }
    this.#isAwake = false;
  }

  /** Resolves after a time or when it is stopped. */
  async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stop }).catch(() => {});
  }
}
