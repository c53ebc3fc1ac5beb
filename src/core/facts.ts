import type { Fact, FactOf, FactType } from "./fact.ts";

type FactListener = (fact: Fact) => void;

/**
 * Passes each fact to the listeners for its type. A listener that throws does not affect the
 * others.
 */
export class Facts {
  readonly #listeners = new Map<FactType, FactListener[]>();
  /** The listeners for all facts. */
  readonly #all: FactListener[] = [];

  on<T extends FactType>(types: readonly T[], listener: (fact: FactOf<T>) => void): void {
    for (const type of types) {
      const list = this.#listeners.get(type) ?? [];
      list.push(listener as FactListener);
      this.#listeners.set(type, list);
    }
  }

  /** Adds a listener for all facts. */
  subscribe(listener: FactListener): void {
    this.#all.push(listener);
  }

  /**
   * Returns whether a fact has listeners. Facts about attempts are created only if they have
   * listeners.
   */
  wants(type: FactType): boolean {
    return this.#all.length > 0 || this.#listeners.has(type);
  }

  state(fact: Fact): void {
    const listeners = this.#listeners.get(fact.type);
    if (listeners !== undefined) for (const listener of listeners) this.#tell(listener, fact);
    for (const listener of this.#all) this.#tell(listener, fact);
  }

  #tell(listener: FactListener, fact: Fact): void {
    try {
      listener(fact);
    } catch (error) {
      // An error thrown while handling `defect.found` is not reported, to prevent endless
      // recursion.
      if (fact.type !== "defect.found") this.state({ type: "defect.found", where: `listener of ${fact.type}`, error });
    }
  }
}
