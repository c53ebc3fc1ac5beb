import { type Bucket, fullBucket, take } from "../../core/limit.ts";
import { Problem } from "../../core/problem.ts";
import type { Clock } from "../../ports.ts";

/** Callers with a bucket of their own; the one that has not sent for longest loses it (and so has a full one). */
const CALLERS_MAX = 10_000;

/** How many messages each token may send a second (setting `ingest-rate`). */
export class IngestRate {
  readonly #buckets = new Map<string, Bucket>();

  constructor(
    private readonly ratePerSecond: number | null,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts `messages` for the caller; 429 when it has sent too many. A batch goes through when a single message would,
   * and the caller waits the longer for the next.
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
        "This token sends more messages than the server's ingest-rate allows.",
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
