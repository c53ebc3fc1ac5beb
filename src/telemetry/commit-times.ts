import type { Facts } from "../core/facts.ts";

/** Number of commits that are kept. */
const KEPT_MAX = 4096;
const WINDOW_MS = 300_000;

/** Durations of recent commits. */
export interface RecentCommits {
  readonly windowMs: number;
  /** At 4,096, older commits are dropped, so the measured time can be shorter than `windowMs`. */
  readonly count: number;
  /** Null if there were no commits. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
}

/** Remembers the durations of recent commits. */
export class CommitTimes {
  readonly #durations = new Float64Array(KEPT_MAX);
  readonly #times = new Float64Array(KEPT_MAX);
  #count = 0;

  constructor(
    facts: Facts,
    private readonly steady: () => number,
  ) {
    facts.on(["commit.finished"], ({ durationMs }) => {
      const place = this.#count++ % KEPT_MAX;
      this.#durations[place] = durationMs;
      this.#times[place] = this.steady();
    });
  }

  recent(): RecentCommits {
    const since = this.steady() - WINDOW_MS;
    const kept = Math.min(this.#count, KEPT_MAX);
    const durations = this.#durations.slice(0, kept).filter((_, place) => this.#times[place]! >= since);
    durations.sort();
    const at = (share: number): number | null =>
      durations.length === 0 ? null : durations[Math.min(durations.length - 1, Math.floor(share * durations.length))]!;
    const [p50Ms, p95Ms, p99Ms, maxMs] = [at(0.5), at(0.95), at(0.99), at(1)];
    return { windowMs: WINDOW_MS, count: durations.length, p50Ms, p95Ms, p99Ms, maxMs };
  }
}
