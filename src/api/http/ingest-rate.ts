import { type Bucket, fullBucket, take } from "../../core/limit.ts";
import { Problem } from "../../core/problem.ts";
import type { Clock } from "../../ports.ts";

/**
 * Maximum number of callers to remember. If there are more, the caller that has been idle longest
 * is dropped and later starts with a full bucket.
 */
const CALLERS_MAX = 10_000;

/** Limits the number of messages that each token may send per second (setting `ingest-rate`). */
export class IngestRate {
  readonly #buckets = new Map<string, Bucket>();

  constructor(
    private readonly ratePerSecond: number | null,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts messages of the caller. Throws 429 if the caller has sent too many. A batch is allowed
   * whenever a single message would be; it then delays the caller's next request accordingly.
   */
  spend(caller: string, messages: number): void {
    if (this.ratePerSecond === null) return;
    const now = this.clock.now();
    const before = this.#buckets.get(caller) ?? fullBucket(this.ratePerSecond, now);
    const { bucket, taken, waitMs } = take(before, this.ratePerSecond, now);
    this.#keep(caller, taken ? { tokens: bucket.tokens - (messages - 1), at: bucket.at } : bucket);
    if (!taken) {
      throw new Problem(
        429,
        "too_many_requests",
        "The token has exceeded the server's ingest rate. Try again later.",
        Math.max(1, Math.ceil(waitMs / 1000)),
      );
    }
  }

  #keep(caller: string, bucket: Bucket): void {
    this.#buckets.delete(caller);
    if (this.#buckets.size >= CALLERS_MAX) this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(caller, bucket);
  }
}
