import type { Seq } from "../core/id.ts";
import { outcomes, type ReceivedOutcome, type SourceCounts } from "../core/received.ts";
import { OneLife } from "../core/service.ts";
import type { Cancel, Clock } from "../ports.ts";
import { type Store, StoreUnavailable } from "../store/index.ts";

/** How long counts are collected in memory, in ms. A crash loses the counts of this time. */
const FLUSH_AFTER_MS = 3000;

type Collected = Record<ReceivedOutcome, number>;

/**
 * Counts the requests to sources by outcome. The counts are collected in memory and stored every
 * few seconds and at the stop, so that counting costs no commit.
 */
export class SourceCounter extends OneLife {
  #collected = new Map<Seq, Collected>();
  #cancel: Cancel | null = null;
  #flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly clock: Clock,
    private readonly store: Store,
  ) {
    super();
  }

  protected begin(): void {}

  protected async end(): Promise<void> {
    this.#cancel?.();
    await this.#flush();
  }

  add(sourceSeq: Seq, outcome: ReceivedOutcome): void {
    let counts = this.#collected.get(sourceSeq);
    if (counts === undefined) {
      counts = noCounts();
      this.#collected.set(sourceSeq, counts);
    }
    counts[outcome]++;
    this.#flushLater();
  }

  /** Returns the counts of a source, including those that were not stored yet. */
  async of(sourceSeq: Seq): Promise<SourceCounts> {
    if (this.#collected.has(sourceSeq)) await this.#flush();
    else await this.#flushing;
    const stored = await this.store.configuration.sources.counts(sourceSeq);
    // Counts that could not be stored are still collected.
    const collected = this.#collected.get(sourceSeq);
    return collected === undefined ? stored : sumOf(stored, collected);
  }

  #flushLater(): void {
    if (!this.isStopping) this.#cancel ??= this.clock.after(FLUSH_AFTER_MS, () => void this.#flush());
  }

  /** Stores the collected counts. Counts that cannot be stored are collected again. */
  #flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    const flushing = this.#flushing.then(() => this.#store());
    this.#flushing = flushing.catch(() => {});
    return flushing;
  }

  async #store(): Promise<void> {
    const added = this.#collected;
    if (added.size === 0) return;
    this.#collected = new Map();
    try {
      await this.store.configuration.sources.count(added);
    } catch (error) {
      for (const [seq, counts] of added) {
        this.#collected.set(seq, sumOf(counts, this.#collected.get(seq) ?? noCounts()));
      }
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#flushLater();
    }
  }
}

function noCounts(): Collected {
  return { stored: 0, duplicate: 0, refused: 0, limited: 0, handshake: 0 };
}

function sumOf(a: SourceCounts, b: SourceCounts): Collected {
  const sum = noCounts();
  for (const outcome of outcomes) sum[outcome] = a[outcome] + b[outcome];
  return sum;
}
