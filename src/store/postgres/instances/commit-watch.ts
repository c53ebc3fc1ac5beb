/** How often news is reported at most, in ms. */
const NEWS_MS = 1000;

/** How far a process has got, by its row of `instance`. */
interface Progress {
  readonly slot: number;
  readonly fence: number;
  /** Number of its commits under this fence. */
  readonly commits: number;
}

/** Finds out whether other processes have committed anything, whatever it was. */
export class CommitWatch {
  #known = "";
  #reportedAt = Number.NEGATIVE_INFINITY;

  /** Returns whether any of them has committed since this last returned true, once a second at most. */
  takeNews(others: readonly Progress[], now: number): boolean {
    if (now - this.#reportedAt < NEWS_MS) return false;
    const all = others.map(({ slot, fence, commits }) => `${slot} ${fence} ${commits}`).join();
    if (all === this.#known) return false;
    this.#known = all;
    this.#reportedAt = now;
    return true;
  }
}
