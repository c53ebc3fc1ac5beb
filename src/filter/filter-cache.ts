import { type Filter, storedFilter } from "./filter.ts";

/** Maximum total length of the filters in the cache, in characters. Compiled, they take about ten times as much. */
const CHARS_MAX = 8 * 1024 * 1024;

/**
 * Caches compiled filters by their JSON text. A changed filter has another text, so no entry is ever
 * outdated. When the cache is full, the oldest filters are dropped.
 */
export class FilterCache {
  readonly #kept = new Map<string, Filter>();
  #chars = 0;

  constructor(private readonly charsMax = CHARS_MAX) {}

  /** Returns a stored filter, given as JSON. */
  of(text: string): Filter {
    let filter = this.#kept.get(text);
    if (filter === undefined) {
      filter = storedFilter(text);
      this.#keep(text, filter);
    }
    return filter;
  }

  /** Returns whether the filter need not be compiled. */
  has(text: string): boolean {
    return this.#kept.has(text);
  }

  #keep(text: string, filter: Filter): void {
    this.#kept.set(text, filter);
    this.#chars += text.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#chars <= this.charsMax) return;
      this.#kept.delete(oldest);
      this.#chars -= oldest.length;
    }
  }
}
