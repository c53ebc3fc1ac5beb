import { type Filter, storedFilter } from "./filter.ts";

/** Maximum size of all filters in the cache, in bytes as estimated. */
const BYTES_MAX = 128 * 1024 * 1024;
/** Memory for one character of a filter, in bytes. */
const BYTES_PER_CHAR = 10;

/**
 * Caches compiled filters by their JSON text. A changed filter has another text, so no entry is ever
 * outdated. When the cache is full, the oldest filters are dropped.
 */
export class FilterCache {
  readonly #kept = new Map<string, Filter>();
  #bytes = 0;

  constructor(private readonly bytesMax = BYTES_MAX) {}

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
    this.#bytes += sizeOf(text, filter);
    for (const [oldest, dropped] of this.#kept) {
      if (this.#bytes <= this.bytesMax) return;
      this.#kept.delete(oldest);
      this.#bytes -= sizeOf(oldest, dropped);
    }
  }
}

function sizeOf(text: string, { expressionBytes }: Filter): number {
  return text.length * BYTES_PER_CHAR + expressionBytes;
}
