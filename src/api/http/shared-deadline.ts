import type { Clock } from "../../ports.ts";

interface Waiter {
  expire(): void;
}

/**
 * A time limit for many short waits. One timer serves all of them, because a timer for each request
 * would cost more than the wait itself. A wait ends after at least `limitMs` and at most twice that.
 */
export class SharedDeadline {
  /** Waits that began since the last expiry. They move to `#old` at the next one. */
  #young = new Set<Waiter>();
  #old = new Set<Waiter>();
  #isTiming = false;

  constructor(
    private readonly limitMs: number,
    private readonly clock: Pick<Clock, "after">,
  ) {}

  /** Settles like `waiting`. If `waiting` takes too long, rejects with the error of `onExpiry`. */
  within<T>(waiting: Promise<T>, onExpiry: () => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiter: Waiter = { expire: () => reject(onExpiry()) };
      this.#add(waiter);
      waiting.then(
        (value) => {
          this.#remove(waiter);
          resolve(value);
        },
        (error: unknown) => {
          this.#remove(waiter);
          reject(error);
        },
      );
    });
  }

  #add(waiter: Waiter): void {
    this.#young.add(waiter);
    if (this.#isTiming) return;
    this.#isTiming = true;
    this.clock.after(this.limitMs, () => this.#expire());
  }

  #remove(waiter: Waiter): void {
    if (!this.#young.delete(waiter)) this.#old.delete(waiter);
  }

  #expire(): void {
    for (const waiter of this.#old) waiter.expire();
    this.#old = this.#young;
    this.#young = new Set();
    this.#isTiming = this.#old.size > 0;
    if (this.#isTiming) this.clock.after(this.limitMs, () => this.#expire());
  }
}
