import type { Seq } from "./id.ts";

/** Something that waits for an owner. */
interface Owned {
  readonly owner: Seq;
}

/**
 * A queue in which owners take turns. `take` returns the first item of the owner whose turn is the
 * longest ago. One owner's items leave in the order in which they came.
 */
export class FairQueue<T extends Owned> {
  /** The owners with waiting items, in the order of their turns. No list is empty. */
  readonly #waiting = new Map<Seq, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  sizeOf(owner: Seq): number {
    return this.#waiting.get(owner)?.length ?? 0;
  }

  add(item: T): void {
    const items = this.#waiting.get(item.owner);
    if (items === undefined) this.#waiting.set(item.owner, [item]);
    else items.push(item);
    this.#size++;
  }

  /** Removes and returns the next item of an owner that may run now, or null. */
  take(mayRun: (owner: Seq) => boolean): T | null {
    for (const [owner, items] of this.#waiting) {
      if (!mayRun(owner)) continue;
      const item = items.shift()!;
      // The owner goes to the end, behind all that wait.
      this.#waiting.delete(owner);
      if (items.length > 0) this.#waiting.set(owner, items);
      this.#size--;
      return item;
    }
    return null;
  }

  /** Removes an item. Returns whether it was waiting. */
  remove(item: T): boolean {
    const items = this.#waiting.get(item.owner);
    const at = items?.indexOf(item) ?? -1;
    if (items === undefined || at < 0) return false;
    items.splice(at, 1);
    if (items.length === 0) this.#waiting.delete(item.owner);
    this.#size--;
    return true;
  }

  /** Removes and returns all items. */
  drain(): T[] {
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#size = 0;
    return all;
  }
}
