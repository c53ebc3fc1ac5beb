import { GroupUndone, type Store, StoreUnavailable } from "../index.ts";

/** What a group needs of the writes of a store. */
interface AnyWrite {
  /** Approximate number of rows that the write changes. */
  readonly rows: number;
  resolve(value: never): void;
  reject(error: unknown): void;
}

/**
 * Combines the writes of one `Store.together` into a single write: either all take effect or none
 * does. Each store adds how the writes are run.
 */
export abstract class Group<W extends AnyWrite> implements AnyWrite {
  protected readonly writes: W[] = [];
  /** The write that failed when the group last ran. Must be set before each write is run. */
  protected failed: W | null = null;

  get size(): number {
    return this.writes.length;
  }

  get rows(): number {
    return this.writes.reduce((sum, write) => sum + write.rows, 0);
  }

  add(write: W): void {
    this.writes.push(write);
  }

  /** Keeps only the first `size` writes. The promises of dropped writes never settle. */
  cutTo(size: number): void {
    this.writes.length = size;
  }

  resolve(results: readonly unknown[]): void {
    this.writes.forEach((write, i) => void write.resolve(results[i] as never));
  }

  /**
   * Rejects the failed write with its own error, so that its caller can interpret the error, and
   * the other writes with `GroupUndone`.
   */
  reject(error: unknown): void {
    const undone = error instanceof StoreUnavailable ? error : new GroupUndone(error);
    for (const write of this.writes) write.reject(write === this.failed ? error : undone);
  }
}

/** Collects the writes that are begun while the `start` of a `Store.together` runs. */
export class Groups<W extends AnyWrite, G extends Group<W>> {
  #open: G | null = null;

  constructor(
    private readonly create: () => G,
    /** Called with each complete group. */
    private readonly enqueue: (group: G) => void,
  ) {}

  /** Adds a write to the open group. Returns false if none is open. */
  collect(write: W): boolean {
    if (this.#open === null) return false;
    this.#open.add(write);
    return true;
  }

  /** See `Store.together`. */
  readonly together: Store["together"] = async (start) => {
    const outer = this.#open;
    const group = outer ?? this.create();
    const begunBefore = group.size;
    let started: ReturnType<typeof start>;
    this.#open = group;
    try {
      started = start();
    } catch (error) {
      group.cutTo(begunBefore);
      throw error;
    } finally {
      this.#open = outer;
    }
    if (outer === null && group.size > 0) this.enqueue(group);
    return resultsOf(started);
  };
}

/**
 * Resolves like `Promise.all`, but waits until all promises have settled. If any were rejected,
 * rejects with the failed write's error.
 */
async function resultsOf<T extends readonly unknown[]>(
  started: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled(started);
  const errors = settled.filter((result) => result.status === "rejected").map(({ reason }) => reason);
  if (errors.length > 0) throw errors.find((error) => !(error instanceof GroupUndone)) ?? errors[0];
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value) as {
    -readonly [K in keyof T]: Awaited<T[K]>;
  };
}
