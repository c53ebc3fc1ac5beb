import type { Seq } from "../../core/id.ts";

/**
 * Lets those who read a thing, change it and write it back do so one after the other, so that no change is lost.
 */
export class InTurn {
  readonly #last = new Map<Seq, Promise<unknown>>();

  async run<T>(seq: Seq, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(seq);
    const running = before === undefined ? work() : before.then(work, work);
    this.#last.set(seq, running);
    try {
      return await running;
    } finally {
      if (this.#last.get(seq) === running) this.#last.delete(seq);
    }
  }
}
