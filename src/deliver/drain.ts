import type { Clock } from "../ports.ts";
import type { Slots } from "./slots.ts";

/** Lets a server that stops wait until no attempt and no read is under way. */
export class Drain {
  #onDrained: (() => void) | null = null;

  constructor(
    private readonly slots: Pick<Slots, "underWay">,
    private readonly clock: Pick<Clock, "after">,
  ) {}

  /** Waits up to `timeoutMs`. Returns whether nothing is under way any more. */
  async wait(timeoutMs: number): Promise<boolean> {
    if (this.slots.underWay > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onDrained = resolve;
      const cancelTimeout = this.clock.after(timeoutMs, resolve);
      await promise;
      cancelTimeout();
    }
    return this.slots.underWay === 0;
  }

  /** Must be called after an attempt or a read has ended. */
  check(): void {
    if (this.slots.underWay === 0) this.#onDrained?.();
  }
}
