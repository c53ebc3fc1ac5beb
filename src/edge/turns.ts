/**
 * Lets only so many go at once. Whoever comes has a rank, 0 being the best: a better rank goes first, within a rank
 * they go in the order in which they came, and the lower ranks leave places free for the better ones.
 */
export class Turns {
  readonly #underWay: number[];
  readonly #waiting: Array<() => void>[];
  #waitingCount = 0;

  /**
   * @param limits of each rank: how many of this rank and all lower ones may be under way together. Never rising.
   * @param waitingMax how many may wait, of all ranks together.
   */
  constructor(
    private readonly limits: readonly number[],
    private readonly waitingMax: number,
  ) {
    this.#underWay = limits.map(() => 0);
    this.#waiting = limits.map(() => []);
  }

  /** True when it is one's turn: then `leave` has to follow. False at once when too many wait already. */
  take(rank: number): Promise<boolean> {
    if (this.#mayGo(rank)) {
      this.#underWay[rank]! += 1;
      return Promise.resolve(true);
    }
    if (this.#waitingCount >= this.waitingMax) return Promise.resolve(false);
    this.#waitingCount += 1;
    return new Promise((resolve) => {
      this.#waiting[rank]!.push(() => resolve(true));
    });
  }

  leave(rank: number): void {
    this.#underWay[rank]! -= 1;
    for (const [next, waiting] of this.#waiting.entries()) {
      while (waiting.length > 0 && this.#mayGo(next)) this.#letGo(next, waiting);
    }
  }

  #letGo(rank: number, waiting: Array<() => void>): void {
    this.#waitingCount -= 1;
    this.#underWay[rank]! += 1;
    waiting.shift()!();
  }

  /** Who goes counts in the limit of its own rank and of all better ones. */
  #mayGo(rank: number): boolean {
    for (let better = 0; better <= rank; better++) {
      const count = this.#underWay.slice(better).reduce((sum, one) => sum + one, 0);
      if (count >= this.limits[better]!) return false;
    }
    return true;
  }
}
