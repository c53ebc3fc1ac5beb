/** A cache with a maximum total weight. When it is full, the oldest entries are dropped. */
export class WeightedCache<T> {
  readonly #kept = new Map<string, { readonly value: T; readonly weight: number }>();
  #weight = 0;

  constructor(private readonly weightMax: number) {}

  get(key: string): T | undefined {
    return this.#kept.get(key)?.value;
  }

  keep(key: string, value: T, weight: number): void {
    this.forget(key);
    this.#kept.set(key, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#kept.keys()) {
      if (this.#weight <= this.weightMax) break;
      this.forget(oldest);
    }
  }

  forget(key: string): void {
    this.#weight -= this.#kept.get(key)?.weight ?? 0;
    this.#kept.delete(key);
  }

  clear(): void {
    this.#kept.clear();
    this.#weight = 0;
  }
}
