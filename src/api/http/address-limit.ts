import type { Clock } from "../../ports.ts";

/**
 * Maximum number of addresses to remember. If there are more, the one whose window began first is
 * dropped.
 */
const ADDRESSES_MAX = 10_000;

interface Window {
  readonly startedAt: number;
  count: number;
}

/** Limits how often something happens per address and time window. */
export class AddressLimit {
  readonly #windows = new Map<string, Window>();

  constructor(
    private readonly clock: Pick<Clock, "steady">,
    private readonly limit: { readonly max: number; readonly windowMs: number },
  ) {}

  /** Counts one event of an address. */
  count(address: string): void {
    const now = this.clock.steady();
    const window = this.#current(address, now);
    if (window !== null) {
      window.count++;
      return;
    }
    this.#windows.delete(address);
    if (this.#windows.size >= ADDRESSES_MAX) this.#windows.delete(this.#windows.keys().next().value!);
    this.#windows.set(address, { startedAt: now, count: 1 });
  }

  /** Returns the seconds until the address may try again, or null if its limit is not reached. */
  waitSeconds(address: string): number | null {
    const now = this.clock.steady();
    const window = this.#current(address, now);
    if (window === null || window.count < this.limit.max) return null;
    return Math.max(1, Math.ceil((window.startedAt + this.limit.windowMs - now) / 1000));
  }

  #current(address: string, now: number): Window | null {
    const window = this.#windows.get(address);
    return window === undefined || now - window.startedAt >= this.limit.windowMs ? null : window;
  }
}
