import type { FactOf } from "../../core/fact.ts";
import type { Facts } from "../../core/facts.ts";
import type { Seq } from "../../core/id.ts";
import {
  bucketStart,
  DURATION_BOUNDS_MS,
  durationClass,
  HOUR_MS,
  MINUTE_MS,
  type SeriesRow,
  sumOfCounts,
} from "../../core/series.ts";
import { OneLife } from "../../core/service.ts";
import type { Cancel, Clock } from "../../ports.ts";
import { type History, StoreUnavailable } from "../../store/index.ts";

const FLUSH_EVERY_MS = 10_000;
/** Maximum number of buckets in one commit, so that a commit blocks the event loop only briefly. */
const ROWS_AT_ONCE = 500;
/**
 * Number of buckets in memory at which they are stored early. While the store cannot be written,
 * counts of further buckets are dropped.
 */
const BUCKETS_EARLY = 20_000;
const BUCKETS_MAX = 2 * BUCKETS_EARLY;

const COUNTED = ["message.accepted", "attempt.finished", "deliveries.buried"] as const;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Bucket = Mutable<Omit<SeriesRow, "durations">> & { durations: number[] };

/**
 * Counts messages, attempts and dead letters over time, per environment, application and endpoint.
 * The counts of an environment leave out its operational webhooks, as its lists do.
 * The counts are collected in memory and stored every 10 seconds. A crash loses the counts of the
 * last 10 seconds; they are statistics, and nothing depends on them.
 */
export class SeriesKeeper extends OneLife {
  /** The current hour of each scope. */
  #hours = new Map<Seq, Bucket>();
  /** The current minute of each environment. */
  #minutes = new Map<Seq, Bucket>();
  /** Buckets whose period has ended, and those that could not be stored. */
  #ended: Bucket[] = [];
  #flushes = 0;
  #cancel: Cancel | null = null;
  #flushing: Promise<void> | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly store: { readonly history: Pick<History, "series"> },
    facts: Facts,
    /** Returns whether an application is hidden, because it belongs to operational webhooks. */
    private readonly isHidden: (applicationSeq: Seq) => boolean = () => false,
  ) {
    super();
    facts.on(COUNTED, (fact) => this.#count(fact));
  }

  protected begin(): void {}

  protected async end(): Promise<void> {
    this.#cancel?.();
    await this.#flushing;
    await this.flush();
  }

  /** Returns the buckets of a scope, including those that have not been stored yet. */
  async read(scopeSeq: Seq, stepMs: number, from: number, to: number): Promise<readonly SeriesRow[]> {
    let stored: readonly SeriesRow[];
    let waiting: readonly SeriesRow[];
    let flushes: number;
    // A bucket that is stored during the read would be counted twice or not at all.
    do {
      await this.#flushing;
      flushes = this.#flushes;
      waiting = this.#waiting().filter((row) => row.scopeSeq === scopeSeq && row.stepMs === stepMs);
      stored = await this.store.history.series.read(scopeSeq, stepMs, from, to);
    } while (flushes !== this.#flushes);
    const rows = new Map(stored.map((row) => [row.startAt, row]));
    for (const row of waiting) {
      if (row.startAt < from || row.startAt >= to) continue;
      const known = rows.get(row.startAt);
      rows.set(row.startAt, { ...row, ...(known === undefined ? {} : sumOfCounts(known, row)) });
    }
    return [...rows.values()].sort((a, b) => a.startAt - b.startAt);
  }

  #waiting(): Bucket[] {
    return [...this.#ended, ...this.#minutes.values(), ...this.#hours.values()];
  }

  /** Stores the counts that have been collected. Keeps them if the store is unavailable. */
  async flush(): Promise<void> {
    this.#flushes++;
    const rows = this.#waiting();
    this.#hours = new Map();
    this.#minutes = new Map();
    this.#ended = [];
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
      try {
        await this.store.history.series.add(rows.slice(from, from + ROWS_AT_ONCE));
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        this.#ended.push(...rows.slice(from, from + Math.max(0, BUCKETS_MAX - this.#size)));
        return;
      }
    }
  }

  #count(fact: FactOf<(typeof COUNTED)[number]>): void {
    const now = this.clock.now();
    const isHidden = fact.type !== "deliveries.buried" && this.isHidden(fact.applicationSeq);
    const minute = isHidden ? null : this.#bucket(this.#minutes, fact.environmentSeq, MINUTE_MS, now);
    const hour = isHidden ? null : this.#bucket(this.#hours, fact.environmentSeq, HOUR_MS, now);
    if (fact.type === "deliveries.buried") {
      if (fact.state === "dead") for (const bucket of [minute, hour]) if (bucket !== null) bucket.dead += fact.count;
      return;
    }
    add(minute, fact);
    add(hour, fact);
    add(this.#bucket(this.#hours, fact.applicationSeq, HOUR_MS, now), fact);
    if (fact.type === "attempt.finished") add(this.#bucket(this.#hours, fact.endpointSeq, HOUR_MS, now), fact);
  }

  /** Returns the bucket of the current period, or null if there are too many buckets. */
  #bucket(current: Map<Seq, Bucket>, scopeSeq: Seq, stepMs: number, now: number): Bucket | null {
    const known = current.get(scopeSeq);
    if (known !== undefined && now >= known.startAt && now < known.startAt + stepMs) return known;
    if (this.#size >= BUCKETS_MAX) return null;
    if (known !== undefined) this.#ended.push(known);
    const startAt = bucketStart(now, stepMs);
    const none = { accepted: 0, attempts: 0, failed: 0, delivered: 0, dead: 0, durations: [] };
    const bucket = { scopeSeq, stepMs, startAt, ...none };
    current.set(scopeSeq, bucket);
    if (this.#size === BUCKETS_EARLY) this.#flushIn(0);
    else if (this.#cancel === null) this.#flushIn(FLUSH_EVERY_MS);
    return bucket;
  }

  get #size(): number {
    return this.#hours.size + this.#minutes.size + this.#ended.length;
  }

  #flushIn(delayMs: number): void {
    if (this.isStopping) return;
    this.#cancel?.();
    this.#cancel = this.clock.after(delayMs, () => {
      this.#cancel = null;
      this.#flushing = this.flush().finally(() => {
        this.#flushing = null;
        if (this.#size > 0 && this.#cancel === null) this.#flushIn(FLUSH_EVERY_MS);
      });
    });
  }
}

function add(bucket: Bucket | null, fact: FactOf<"message.accepted" | "attempt.finished">): void {
  if (bucket === null) return;
  if (fact.type === "message.accepted") bucket.accepted++;
  else addAttempt(bucket, fact);
}

function addAttempt(bucket: Bucket, { reason, next, durationMs }: FactOf<"attempt.finished">): void {
  bucket.attempts++;
  if (reason !== null) bucket.failed++;
  if (next === "delivered") bucket.delivered++;
  if (next === "dead") bucket.dead++;
  if (bucket.durations.length === 0) bucket.durations = new Array<number>(DURATION_BOUNDS_MS.length + 1).fill(0);
  bucket.durations[durationClass(durationMs)]!++;
}
