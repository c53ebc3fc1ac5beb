import { GroupUndone, StoreUnavailable } from "../index.ts";
import type { Transaction, Write } from "./commit.ts";

/**
 * Combines the writes of one `Store.together` into a single write: either all take effect or none
 * does.
 */
export class Group implements Write {
  readonly #writes: Write[] = [];
  /** The write that failed when the group last ran. */
  #failed: Write | null = null;

  get size(): number {
    return this.#writes.length;
  }

  get rows(): number {
    return this.#writes.reduce((sum, write) => sum + write.rows, 0);
  }

  add(write: Write): void {
    this.#writes.push(write);
  }

  /** Keeps only the first `size` writes. The promises of dropped writes never settle. */
  cutTo(size: number): void {
    this.#writes.length = size;
  }

  async run(transaction: Transaction): Promise<unknown[]> {
    const results: unknown[] = [];
    for (const write of this.#writes) {
      this.#failed = write;
      results.push(await write.run(transaction));
    }
    return results;
  }

  resolve(results: readonly unknown[]): void {
    this.#writes.forEach((write, i) => void write.resolve(results[i] as never));
  }

  /**
   * Rejects the failed write with its own error, so that its caller can interpret the error, and
   * the other writes with `GroupUndone`.
   */
  reject(error: unknown): void {
    const undone = error instanceof StoreUnavailable ? error : new GroupUndone(error);
    for (const write of this.#writes) write.reject(write === this.#failed ? error : undone);
  }
}
