/**
 * A semaphore with ranks, of which rank 0 has the highest priority. Waiters are admitted by rank,
 * then in order of arrival. Lower priorities leave capacity free for higher ones.
 */
export class PrioritySemaphore {
  readonly #held: number[];
  readonly #waiting: Array<() => void>[];
  #waitingCount = 0;

  /**
   * @param limits for each rank, the maximum number of holders of this rank and all lower
   * priorities together. Must not increase from rank to rank.
   *
   * @param waitingMax maximum number of waiters of all ranks together.
   */
  constructor(
    private readonly limits: readonly number[],
    private readonly waitingMax: number,
  ) {
    this.#held = limits.map(() => 0);
    this.#waiting = limits.map(() => []);
  }

  /**
   * Resolves to true when the caller is admitted. The caller must then call `release` later.
   * Resolves to false immediately if too many callers are waiting.
   */
  acquire(rank: number): Promise<boolean> {
    if (this.#canAcquire(rank)) {
      this.#held[rank]! += 1;
      return Promise.resolve(true);
    }
    if (this.#waitingCount >= this.waitingMax) return Promise.resolve(false);
    this.#waitingCount += 1;
    return new Promise((resolve) => {
      this.#waiting[rank]!.push(() => resolve(true));
    });
  }

  release(rank: number): void {
    this.#held[rank]! -= 1;
    for (const [next, waiting] of this.#waiting.entries()) {
      while (waiting.length > 0 && this.#canAcquire(next)) this.#admit(next, waiting);
    }
  }

  #admit(rank: number, waiting: Array<() => void>): void {
    this.#waitingCount -= 1;
    this.#held[rank]! += 1;
    waiting.shift()!();
  }

  /**
   * Returns whether a caller of this rank can be admitted. A holder counts towards the limits of
   * its own rank and of all higher priorities.
   */
  #canAcquire(rank: number): boolean {
    for (let better = 0; better <= rank; better++) {
      const count = this.#held.slice(better).reduce((sum, one) => sum + one, 0);
      if (count >= this.limits[better]!) return false;
    }
    return true;
  }
}
