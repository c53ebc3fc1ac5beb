import type { Seq } from "../core/id.ts";
import { type Bucket, take } from "../core/token-bucket.ts";
import type { Clock } from "../ports.ts";

/**
 * Maximum number of sources to remember. If there are more, the source that has been idle longest is
 * dropped and later starts with a full bucket.
 */
const SOURCES_MAX = 10_000;

/** Limits how many messages each source stores per second (`ingestRate`). */
export class IngestPace {
  readonly #buckets = new Map<Seq, Bucket>();

  constructor(private readonly clock: Pick<Clock, "steady">) {}

  /**
   * Takes the permission to store one message. Returns 0, or the time in ms until a message is
   * permitted. A source may save up the messages of one second.
   */
  take(sourceSeq: Seq, ratePerSecond: number): number {
    const now = this.clock.steady();
    const before = this.#buckets.get(sourceSeq) ?? { tokens: ratePerSecond, at: now };
    const { bucket, waitMs } = take(before, ratePerSecond, now, Math.max(1, ratePerSecond));
    this.#keep(sourceSeq, bucket);
    return waitMs;
  }

  /** Returns a permission, because nothing was stored. */
  giveBack(sourceSeq: Seq): void {
    const bucket = this.#buckets.get(sourceSeq);
    if (bucket !== undefined) this.#buckets.set(sourceSeq, { ...bucket, tokens: bucket.tokens + 1 });
  }

  #keep(sourceSeq: Seq, bucket: Bucket): void {
    this.#buckets.delete(sourceSeq);
    if (this.#buckets.size >= SOURCES_MAX) this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(sourceSeq, bucket);
  }
}
