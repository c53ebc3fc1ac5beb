/** Counts how often each number was added. Takes one byte per number up to the largest one. */
export class NumberCounts {
  #times = new Uint8Array(1024);
  /** How many different numbers were added. */
  count = 0;

  add(number: number): void {
    if (number >= this.#times.length) {
      const larger = new Uint8Array(Math.max(number + 1, this.#times.length * 2));
      larger.set(this.#times);
      this.#times = larger;
    }
    const times = this.#times[number]!;
    if (times === 0) this.count++;
    if (times < 255) this.#times[number] = times + 1;
  }

  times(number: number): number {
    return this.#times[number] ?? 0;
  }

  *[Symbol.iterator](): Generator<number, void> {
    for (const [number, times] of this.#times.entries()) if (times > 0) yield number;
  }
}

/** Returns how many of the numbers were added to `counts` fewer times than `timesMin`. */
export function missingIn(counts: NumberCounts, numbers: Iterable<number>, timesMin: number): number {
  let missing = 0;
  for (const number of numbers) if (counts.times(number) < timesMin) missing++;
  return missing;
}
