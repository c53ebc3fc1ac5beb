import type { Turns } from "../../turns.ts";
import type { KeyWords } from "./entry.ts";
import { KeyFilter } from "./key-filter.ts";
import type { KeyRanges } from "./key-ranges.ts";

/** Number of ranges that are read or pruned in one turn of the event loop. */
export const RANGES_AT_ONCE = 64;

/** Says which keys cannot be in the ranges, once it has read all of them. */
export class RangeFilter {
  #filter: KeyFilter;
  /** Whether the filter has all keys of the ranges. */
  #isComplete = false;
  #isClosed = false;

  constructor(
    private readonly ranges: KeyRanges,
    private readonly turns: Turns,
    private readonly layersMax: number | undefined,
  ) {
    this.#filter = new KeyFilter(layersMax);
  }

  get count(): number {
    return this.#filter.count;
  }

  mayHave(words: KeyWords): boolean {
    return !this.#isComplete || this.#filter.mayHave(words);
  }

  /** Adds keys that were stored in the ranges. */
  addAll(words: Iterable<KeyWords>): void {
    for (const key of words) this.#filter.add(key);
    if (this.#filter.isFull) this.#stop();
  }

  /** Stops the work in the background. */
  close(): void {
    this.#isClosed = true;
  }

  /** Keys are looked up on disk from now on. */
  #stop(): void {
    this.#isComplete = false;
    this.#filter = new KeyFilter(this.layersMax);
  }

  /** Reads all ranges into a new filter, in steps. */
  async fill(): Promise<void> {
    this.#stop();
    const filter = this.#filter;
    try {
      for (let from = 0; ; ) {
        const ranges = this.ranges.read(from, RANGES_AT_ONCE);
        for (const { entries } of ranges) {
          for (let i = 0; i < entries.count; i++) filter.add(entries.wordsOf(i));
        }
        if (ranges.length < RANGES_AT_ONCE) break;
        from = ranges.at(-1)!.start + 1;
        await this.turns.next();
        if (this.#isClosed || this.#filter !== filter) return;
      }
    } catch {
      // The disk cannot be read. Keys are looked up on disk, which reports the error.
      return;
    }
    if (filter.isFull) this.#stop();
    else this.#isComplete = true;
  }
}
