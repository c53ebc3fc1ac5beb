import { segmentName } from "../../../core/replica-name.ts";
import { sealRecord } from "../../../core/replica-record.ts";
import type { Vault } from "../../../core/replica-vault.ts";
import { FRAME_HEADER_BYTES } from "../../../core/wal.ts";
import type { Clock } from "../../../ports.ts";
import { withDeadline } from "./deadline.ts";
import type { GenerationEnd } from "./generation-end.ts";
import { Pause } from "./pause.ts";
import type { LogHead, WalSource } from "./wal-source.ts";

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
 *
 * Positions count the frames of all epochs since this shipper was created.
 */
export class Shipper {
  readonly #generation: string;
  readonly #tag: string;
  #epoch: number;
  #salts: readonly [number, number];
  #pageBytes = 0;
  #framesBefore = 0;
  #committed: number;
  /** Number of frames of this epoch that were written to the vault, and that are durable there. */
  #written: number;
  #shipped: number;
  /** Number of frames of earlier epochs. */
  #earlier = 0;
  #lastAt: number;
  /** Time of the oldest commit that is not stored, by the steady clock; null if all are. */
  #behindSince: number | null = null;
  /** The same for the commits that the record under way does not contain. */
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
    { generation, epoch, frames, salt1, salt2, at }: GenerationEnd,
    /** 6 random hex digits. */
    tag: string,
  ) {
    this.#pause = new Pause(clock);
    this.#memory = vault.pauseMs === 0 ? Buffer.allocUnsafe(MEMORY_BYTES) : null;
    this.#generation = generation;
    this.#tag = tag;
    this.#epoch = epoch;
    this.#salts = [salt1, salt2];
    this.#committed = frames;
    this.#written = frames;
    this.#shipped = frames;
    this.#lastAt = at;
  }

  get end(): GenerationEnd {
    const [salt1, salt2] = this.#salts;
    return {
      ...{ generation: this.#generation, epoch: this.#epoch, frames: this.#shipped, salt1, salt2, at: this.#lastAt },
    };
  }

  /** Length of the log in frames. */
  get logFrames(): number {
    return this.#committed;
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Position of the last commit that was noted. */
  get position(): number {
    return this.#earlier + this.#committed;
  }

  get isCaughtUp(): boolean {
    return this.#shipped === this.#committed;
  }

  /** Whether everything was written, though it may not be durable yet. */
  get isWritten(): boolean {
    return this.#written === this.#committed;
  }

  get behindFrames(): number {
    return this.#committed - this.#shipped;
  }

  get behindBytes(): number {
    return this.behindFrames * (FRAME_HEADER_BYTES + this.#pageBytes);
  }

  /** Age in ms of the oldest commit that is not stored; 0 if all are. */
  get behindMs(): number {
    return this.#behindSince === null ? 0 : this.clock.steady() - this.#behindSince;
  }

  /** Reads what has been committed, and returns its position. Called after each commit. */
  note(): number {
    const head = this.source.head();
    const { position } = this;
    this.#pageBytes = head.pageBytes;
    if (head.frames > 0 && !this.#isBroken) this.#take(head);
    if (this.#shipped < this.#committed) {
      // If nothing is new, the record under way may contain everything.
      if (this.position > position) this.#waitingSince ??= this.clock.steady();
      this.#behindSince ??= this.#waitingSince;
      this.#running ??= this.#run().finally(() => {
        this.#running = null;
      });
    }
    return this.position;
  }

  #take({ frames, salt1, salt2 }: LogHead): void {
    const isSameEpoch = this.#epoch > 0 && salt1 === this.#salts[0] && salt2 === this.#salts[1];
    if (!isSameEpoch) {
      if (this.#shipped !== this.#committed) {
        this.#break();
        return;
      }
      this.#framesBefore = this.#committed;
      this.#earlier += this.#committed;
      this.#epoch++;
      this.#salts = [salt1, salt2];
      this.#written = 0;
      this.#shipped = 0;
    }
    this.#committed = frames;
  }

  #break(): void {
    this.#isBroken = true;
    this.events.broken();
  }

  /** Sends the next record without a pause. */
  hurry(): void {
    this.#isUrgent = true;
    this.#pause.wake();
  }

  /** Resolves when everything up to a position is stored. Positions must rise. Never resolves after `stop`. */
  reached(position: number): Promise<void> {
    if (this.#earlier + this.#shipped >= position) return Promise.resolve();
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
    while (!this.#isStopped && !this.#isBroken && this.#shipped < this.#committed) {
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
      this.#written = record.to;
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
    this.#written = this.#shipped;
    throw error;
  }

  #synced(records: readonly PendingRecord[]): void {
    this.#isFailing = false;
    this.#shipped = records.at(-1)!.to;
    this.#behindSince = this.#unsynced[0]?.since ?? this.#pending?.since ?? this.#waitingSince;
    if (this.isCaughtUp) this.#isUrgent = false;
    const reached = this.#earlier + this.#shipped;
    // The positions rise.
    while (this.#waiting.length > 0 && this.#waiting[0]!.position <= reached) this.#waiting.shift()!.resolve();
    this.events.shipped(records.reduce((sum, { bytes }) => sum + bytes.length, 0));
  }

  async #nextRecord(): Promise<PendingRecord> {
    const from = this.#written;
    const framesMax = Math.floor(this.vault.recordBytesMax / (FRAME_HEADER_BYTES + this.#pageBytes));
    const to = Math.min(this.#committed, from + framesMax);
    const since = this.#waitingSince;
    if (to === this.#committed) this.#waitingSince = null;
    this.#lastAt = Math.max(this.#lastAt, this.clock.now());
    const [salt1, salt2] = this.#salts;
    const epoch = this.#epoch;
    const header = {
      ...{ epoch, from, to, framesBefore: this.#framesBefore, pageBytes: this.#pageBytes },
      ...{ salt1, salt2, at: this.#lastAt },
    };
    if (from === 0) await this.vault.endSegment();
    const bytes = await this.source.frames(header, this.#memory);
    sealRecord(bytes, header);
    return { name: segmentName(this.#generation, { epoch, from }, this.#tag), bytes, to, since };
  }
}
