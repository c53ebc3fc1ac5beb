import { GroupUndone, StoreUnavailable } from "../index.ts";
import type { Write } from "./commit.ts";

/**
 * Combines the writes in one `Store.together` into a single write: all of them take effect or none.
 */
export class Group implements Write {
  readonly #writes: Write[] = [];
  /** The write that failed in the latest run of the group. */
  #failed: Write | null = null;

  get size(): number {
    return this.#writes.length;
  }

  add(write: Write): void {
    this.#writes.push(write);
  }

  /** Drops all writes except the first `size`. The promises of dropped writes never settle. */
  cutTo(size: number): void {
    this.#writes.length = size;
  }

  readonly work = (): unknown[] => this.#writes.map((write) => this.#run(write));

  #run(write: Write): unknown {
    this.#failed = write;
    return write.work();
  }

  resolve(results: readonly unknown[]): void {
    this.#writes.forEach((write, i) => void write.resolve(results[i] as never));
  }

  /**
   * Rejects the failed write with its error, so that its caller can interpret it, and the others
   * with `GroupUndone`.
   */
  reject(error: unknown): void {
    const undone = error instanceof StoreUnavailable ? error : new GroupUndone(error);
    for (const write of this.#writes) write.reject(write === this.#failed ? error : undone);
  }
}

/**
 * Resolves like `Promise.all`, but waits for all promises, and rejects with the failed write's
 * error if there is one.
 */
export async function resultsOf<T extends readonly unknown[]>(
  started: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled(started);
  const errors = settled.filter((result) => result.status === "rejected").map(({ reason }) => reason);
  if (errors.length > 0) throw errors.find((error) => !(error instanceof GroupUndone)) ?? errors[0];
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value) as {
    -readonly [K in keyof T]: Awaited<T[K]>;
  };
}
