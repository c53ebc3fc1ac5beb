/** A message by its place in a topic. */
export interface Position {
  readonly partition: number;
  readonly offset: bigint;
}

interface Waiting {
  readonly position: Position;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Commits the offsets of settled messages, one request at a time. Messages that are settled during a
 * request share the next one.
 */
export class Offsets {
  #waiting: Waiting[] = [];
  #committing: Promise<void> | null = null;

  /** `commit` gets the offset of the next message for each partition. */
  constructor(private readonly commit: (next: ReadonlyMap<number, bigint>) => Promise<void>) {}

  /** Resolves when the message and those before it in its partition are committed, or forgotten. */
  add(position: Position): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ position, resolve, reject });
    this.#committing ??= this.#commitAll();
    return promise;
  }

  /** Forgets the messages that wait. They are received again. */
  forget(): void {
    for (const { resolve } of this.#waiting) resolve();
    this.#waiting = [];
  }

  /** Resolves when nothing waits any more. Never rejects. */
  async committed(): Promise<void> {
    await this.#committing;
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.commit(nextOffsets(batch));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#committing = null;
  }
}

/** Messages are settled in their order, so the last one of a partition counts. */
function nextOffsets(batch: readonly Waiting[]): ReadonlyMap<number, bigint> {
  return new Map(batch.map(({ position: { partition, offset } }) => [partition, offset + 1n]));
}
