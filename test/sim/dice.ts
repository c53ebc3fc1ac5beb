import type { Random } from "../../src/ports.ts";

/** Share of rates that are zero, so that in some worlds some events never happen. */
const NEVER = 0.25;

/** Random numbers from a seed (splitmix32). The same seed gives the same numbers. */
export class Dice implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 0x9e3779b9 + 0x7f4a7c15) | 0;
  }

  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 0x1_0000_0000;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }

  /** Returns a whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** Returns a whole number from `low` to `high`, inclusive. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Returns a number between `low` and `high`. Each order of magnitude is equally likely. */
  logUniform(low: number, high: number): number {
    return low * (high / low) ** this.next();
  }

  /** Returns a log-uniform number, or zero in a quarter of the cases. */
  rate(low: number, high: number): number {
    const isNever = this.chance(NEVER);
    const rate = this.logUniform(low, high);
    return isNever ? 0 : rate;
  }
}
