import { Problem } from "../../core/problem.ts";
import { type Bucket, take } from "../../core/token-bucket.ts";
import type { Clock } from "../../ports.ts";

/**
 * Maximum number of callers to remember. If there are more, the caller that has been idle longest
 * is dropped and later starts with a full bucket.
 */
const CALLERS_MAX = 10_000;

/**
 * Limits the number of messages that each token may send per second (setting `ingest-rate`). A
 * caller starts with one second's worth of messages and can save up one more. `Retry-After` is in
 * whole seconds, so without the extra message a client that obeys it would lose fractions of a
 * second and never reach its rate.
 */
export class IngestRate {
  readonly #buckets = new Map<string, Bucket>();

  constructor(
    private readonly ratePerSecond: number | null,
    private readonly clock: Pick<Clock, "steady">,
  ) {}

  /**
   * Counts messages of the caller. Throws 429 with the time to wait if the caller has sent too
   * many. A batch is allowed whenever a single message would be. All its messages count, so it
   * delays the caller's next request accordingly.
   */
  spend(caller: string, messages: number): void {
    if (this.ratePerSecond === null) return;
    const now = this.clock.steady();
    const ofOneSecond = Math.max(1, this.ratePerSecond);
    const before = this.#buckets.get(caller) ?? { tokens: ofOneSecond, at: now };
    const { bucket, taken, waitMs } = take(before, this.ratePerSecond, now, ofOneSecond + 1);
    this.#keep(caller, taken ? { tokens: bucket.tokens - (messages - 1), at: bucket.at } : bucket);
    if (!taken) {
      throw new Problem(429, "too_many_requests", "The token has exceeded the server's ingest rate. Try again later.", {
        afterMs: waitMs,
      });
    }
  }

  #keep(caller: string, bucket: Bucket): void {
    this.#buckets.delete(caller);
    if (this.#buckets.size >= CALLERS_MAX) this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(caller, bucket);
  }
}
