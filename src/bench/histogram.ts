/** Counts durations in classes that are 2 % wide, so that any number of them takes little memory. */
export class Histogram {
  readonly #counts = new Map<number, number>();
  #total = 0;

  /** Adds a duration in ms. Negative durations, which a clock that was set back causes, count as 0. */
  add(ms: number): void {
    const index = Math.round(Math.log(Math.max(ms, MIN_MS)) / WIDTH);
    this.#counts.set(index, (this.#counts.get(index) ?? 0) + 1);
    this.#total++;
  }

  /** Returns the duration in ms that this share of all durations does not exceed, or null without any. */
  percentile(share: number): number | null {
    let rest = Math.ceil(this.#total * share);
    for (const index of [...this.#counts.keys()].sort((a, b) => a - b)) {
      rest -= this.#counts.get(index)!;
      if (rest <= 0) return Math.exp(index * WIDTH);
    }
    return null;
  }
}

const MIN_MS = 0.001;
const WIDTH = Math.log(1.02);
