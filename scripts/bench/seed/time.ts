import type { Clock } from "../../../src/ports.ts";

/** A clock that shows the time that it is set to. Nothing that it is asked to run later runs. */
export class SeedClock implements Clock {
  constructor(public at: number) {}

  readonly now = (): number => this.at;
  readonly steady = (): number => this.at;

  after(): () => void {
    return () => {};
  }

  soon(task: () => void): void {
    setImmediate(task);
  }
}

/** Numbers that look random. The same seed gives the same numbers. */
export class SeedRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761 + 1) >>> 0;
  }

  /** Returns a number from 0 (inclusive) to 1 (exclusive). */
  next(): number {
    // Mulberry32.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** Returns a whole number from 0 (inclusive) to `end` (exclusive). */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** Returns true once in `n` calls on average. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}
