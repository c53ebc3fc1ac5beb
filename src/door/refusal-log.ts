import type { Seq, SeqSource } from "../core/id.ts";
import type { LogCause } from "../core/received.ts";
import { cutUtf8 } from "../core/text.ts";
import { type Bucket, take } from "../core/token-bucket.ts";
import type { Clock } from "../ports.ts";
import { type SourceLogEntry, type Store, StoreUnavailable } from "../store/index.ts";
import { causeText } from "./cause-text.ts";

/** Maximum size of the part of a body that is logged, in bytes. */
const PAYLOAD_BYTES_MAX = 16 * 1024;

/**
 * Limits how many requests are logged, so that forged requests do not take the disk's time: for one
 * source, and for all sources together. The burst comes first, then the rate per second.
 */
const OF_SOURCE = { burst: 100, perSecond: 5 };
const OF_ALL = { burst: 500, perSecond: 50 };
/** Maximum number of sources to remember. */
const SOURCES_MAX = 10_000;

/** A request for the log of its source. */
export interface LoggedRequest {
  readonly sourceSeq: Seq;
  readonly status: number;
  readonly cause: LogCause;
  readonly method: string;
  readonly path: string;
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Logs the requests that sources have refused, or stored although they failed their check. */
export class RefusalLog {
  readonly #ofSource = new Map<Seq, Bucket>();
  #ofAll: Bucket | null = null;

  constructor(
    private readonly store: Store,
    private readonly seqs: SeqSource,
    private readonly clock: Clock,
  ) {}

  /**
   * Logs a request, unless too many have been logged lately. Resolves to whether it is logged, after
   * it is stored. A log that cannot be written is no reason to refuse a request.
   */
  async add(request: LoggedRequest): Promise<boolean> {
    try {
      return await this.addOrThrow(request);
    } catch (error) {
      if (error instanceof StoreUnavailable) return false;
      throw error;
    }
  }

  /** Like `add`, but throws `StoreUnavailable` if the log cannot be written. */
  async addOrThrow({ body, ...request }: LoggedRequest): Promise<boolean> {
    if (!this.mayLog(request.sourceSeq)) return false;
    const entry: SourceLogEntry = {
      ...request,
      seq: this.seqs.take(1),
      errorText: causeText(request.cause),
      // The copy lets the memory of the whole body be freed.
      payload: cutUtf8(body, PAYLOAD_BYTES_MAX).slice(),
      createdAt: this.clock.now(),
    };
    await this.store.history.sourceLog.add(entry);
    return true;
  }

  /** Returns whether something about a source may be logged, and counts it if so. */
  mayLog(sourceSeq: Seq): boolean {
    const now = this.clock.steady();
    const before = this.#ofSource.get(sourceSeq) ?? { tokens: OF_SOURCE.burst, at: now };
    const own = take(before, OF_SOURCE.perSecond, now, OF_SOURCE.burst);
    this.#keep(sourceSeq, own.bucket);
    if (!own.taken) return false;
    const all = take(this.#ofAll ?? { tokens: OF_ALL.burst, at: now }, OF_ALL.perSecond, now, OF_ALL.burst);
    this.#ofAll = all.bucket;
    return all.taken;
  }

  #keep(sourceSeq: Seq, bucket: Bucket): void {
    this.#ofSource.delete(sourceSeq);
    if (this.#ofSource.size >= SOURCES_MAX) this.#ofSource.delete(this.#ofSource.keys().next().value!);
    this.#ofSource.set(sourceSeq, bucket);
  }
}
