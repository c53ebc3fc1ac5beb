import { segmentName } from "../../../core/replica-name.ts";
import { sealRecord } from "../../../core/replica-record.ts";
import type { Vault } from "../../../core/replica-vault.ts";
import type { Clock } from "../../../ports.ts";
import { withDeadline } from "./deadline.ts";
import type { GenerationEnd } from "./generation-end.ts";
import { LogProgress } from "./log-progress.ts";
import { Pause } from "./pause.ts";
import type { WalSource } from "./wal-source.ts";

/** Pauses between two tries of a record, in ms. */
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5000;
/** Size of the memory that is used for one record after another, in bytes. */
const MEMORY_BYTES = 512 * 1024;

export interface ShipperEvents {
  /** A record was written. It is durable after `shipped`. */
  written(): void;
  /** A record was stored. */
  shipped(bytes: number): void;
  /** A record could not be stored. It is tried again. */
  failed(error: unknown): void;
  /** The log was restarted before all of it was stored, so the generation would have a gap. */
  broken(): void;
}

interface PendingRecord {
  readonly name: string;
  readonly bytes: Buffer;
  readonly to: number;
  /** Time of the oldest commit in it, by the steady clock. */
  readonly since: number | null;
}

/**
 * Sends what is committed to the vault: one record at a time with everything that was committed
 * since the record before. A record that fails is repeated unchanged, because a request that seems
 * to have failed may still replace an object later.
 */
export class Shipper {
  readonly #generation: string;
  readonly #tag: string;
  readonly #progress: LogProgress;
  #lastAt: number;
  /** Time of the oldest commit that is not stored, by the steady clock; null if all are. */
  #behindSince: number | null = null;
  /** Time of the oldest commit that is in no record yet, by the steady clock; null if there is none. */
  #waitingSince: number | null = null;
  /** The record that is being written. */
  #pending: PendingRecord | null = null;
  /** Records that were written and are not durable yet. */
  readonly #unsynced: PendingRecord[] = [];
  /**
   * Memory for records. New memory for each of them would cost more time than reading the log. Null if
   * a request that seems to have failed may still read the memory.
   */
  readonly #memory: Buffer | null;
  #syncError: { readonly error: unknown } | null = null;
  #running: Promise<void> | null = null;
  #syncing: Promise<void> | null = null;
  #isStopped = false;
  #isBroken = false;
  /** Whether there must be no pause until everything is stored. */
  #isUrgent = false;
  /** Whether the last try failed. */
  #isFailing = false;
  readonly #pause: Pause;
  readonly #waiting: { readonly position: number; readonly resolve: () => void }[] = [];

  constructor(
    private readonly source: WalSource,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly events: ShipperEvents,
    end: GenerationEnd,
    /** 6 random hex digits. */
    tag: string,
  ) {
    this.#pause = new Pause(clock);
    this.#memory = vault.pauseMs === 0 ? Buffer.allocUnsafe(MEMORY_BYTES) : null;
    this.#generation = end.generation;
    this.#tag = tag;
    this.#progress = new LogProgress(end);
    this.#lastAt = end.at;
  }

  get end(): GenerationEnd {
    return { generation: this.#generation, ...this.#progress.end, at: this.#lastAt };
  }

  /** Length of the log in frames. */
  get logFrames(): number {
    return this.#progress.logFrames;
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Position of the last commit that was noted. */
  get position(): number {
    return this.#progress.position;
  }

  get isCaughtUp(): boolean {
    return this.#progress.isDurable;
  }

  /** Whether everything was written, though it may not be durable yet. */
  get isWritten(): boolean {
    return this.#progress.isWritten;
  }

  get behindBytes(): number {
    return this.#progress.behindBytes;
  }

  /** Age in ms of the oldest commit that is not stored; 0 if all are. */
  get behindMs(): number {
    return this.#behindSince === null ? 0 : this.clock.steady() - this.#behindSince;
  }

  /** Reads what has been committed, and returns its position. Called after each commit. */
  note(): number {
    const { position } = this;
    if (!this.#isBroken && !this.#progress.take(this.source.head())) {
      this.#isBroken = true;
      this.events.broken();
    }
    if (!this.isCaughtUp) {
      // If nothing is new, the record under way may contain everything.
      if (this.position > position) this.#waitingSince ??= this.clock.steady();
      this.#behindSince ??= this.#waitingSince;
      this.#running ??= this.#run().finally(() => {
        this.#running = null;
      });
    }
    return this.position;
  }

  /** Sends the next record without a pause. */
  hurry(): void {
    this.#isUrgent = true;
    this.#pause.wake();
  }

  /** Resolves when everything up to a position is stored. Positions must rise. Never resolves after `stop`. */
  reached(position: number): Promise<void> {
    if (this.#progress.durablePosition >= position) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ position, resolve });
      this.#pause.wake();
    });
  }

  /** Stores what is committed, then stops. Resolves to whether everything was stored in time. */
  async finish(timeoutMs: number): Promise<boolean> {
    this.#pause.wake();
    const position = this.note();
    const isDone = await withDeadline(this.clock, this.reached(position), timeoutMs);
    this.stop();
    return isDone && !this.#isBroken;
  }

  /** Stops after the record under way. */
  stop(): void {
    this.#isStopped = true;
    this.#pause.stop();
  }

  async #run(): Promise<void> {
    let retryMs = RETRY_MS_MIN;
    while (!this.#isStopped && !this.#isBroken && !this.isCaughtUp) {
      try {
        await this.#shipNext();
        retryMs = RETRY_MS_MIN;
        if (this.vault.pauseMs > 0 && this.#waiting.length === 0 && !this.#isUrgent) {
          await this.#pause.for(this.vault.pauseMs, true);
        }
      } catch (error) {
        this.#isFailing = true;
        this.events.failed(error);
        await this.#pause.for(retryMs, false);
        retryMs = Math.min(2 * retryMs, RETRY_MS_MAX);
      }
    }
  }

  /** Writes the next record, or waits until what was written is durable. */
  async #shipNext(): Promise<void> {
    this.#checkSync();
    if (this.#pending !== null || !this.isWritten) {
      this.#pending ??= await this.#nextRecord();
      const record = this.#pending;
      await this.vault.append(record.name, record.bytes);
      this.#pending = null;
      this.#progress.wrote(record.to);
      this.#unsynced.push(record);
      this.events.written();
    }
    this.#syncing ??= this.#sync().finally(() => {
      this.#syncing = null;
    });
    if (!this.isWritten) return;
    await this.#syncing;
    this.#checkSync();
  }

  /** Makes durable what was written, while more is written. Never rejects. */
  async #sync(): Promise<void> {
    while (this.#unsynced.length > 0 && this.#syncError === null) {
      const count = this.#unsynced.length;
      try {
        await this.vault.sync();
      } catch (error) {
        this.#syncError = { error };
        return;
      }
      this.#synced(this.#unsynced.splice(0, count));
    }
  }

  /** After a failed sync, everything that is not durable is written again. */
  #checkSync(): void {
    if (this.#syncError === null) return;
    const { error } = this.#syncError;
    this.#syncError = null;
    this.#unsynced.length = 0;
    this.#pending = null;
    this.#progress.rewind();
    throw error;
  }

  #synced(records: readonly PendingRecord[]): void {
    this.#isFailing = false;
    this.#progress.synced(records.at(-1)!.to);
    this.#behindSince = this.#unsynced[0]?.since ?? this.#pending?.since ?? this.#waitingSince;
    if (this.isCaughtUp) this.#isUrgent = false;
    const reached = this.#progress.durablePosition;
    // The positions rise.
    while (this.#waiting.length > 0 && this.#waiting[0]!.position <= reached) this.#waiting.shift()!.resolve();
    this.events.shipped(records.reduce((sum, { bytes }) => sum + bytes.length, 0));
  }

  async #nextRecord(): Promise<PendingRecord> {
    const frames = this.#progress.next(this.vault.recordBytesMax);
    const { epoch, from, to } = frames;
    const since = this.#waitingSince;
    if (to === this.logFrames) this.#waitingSince = null;
    this.#lastAt = Math.max(this.#lastAt, this.clock.now());
    const header = { ...frames, at: this.#lastAt };
    if (from === 0) await this.vault.endSegment();
    const bytes = await this.source.frames(header, this.#memory);
    sealRecord(bytes, header);
    return { name: segmentName(this.#generation, { epoch, from }, this.#tag), bytes, to, since };
  }
}
