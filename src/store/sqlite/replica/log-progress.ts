import type { RecordHeader } from "../../../core/replica-record.ts";
import { FRAME_HEADER_BYTES } from "../../../core/wal.ts";
import type { GenerationEnd } from "./generation-end.ts";
import type { LogHead } from "./wal-source.ts";

/** A range of frames as the header of a record describes it. */
type FrameRange = Omit<RecordHeader, "at">;

/**
 * Counts the frames of the present epoch that are committed, written to the vault, and durable there.
 * An epoch ends only when all of its frames are durable.
 *
 * Positions count the frames of all epochs since this object was created.
 */
export class LogProgress {
  #epoch: number;
  #salts: readonly [number, number];
  #pageBytes = 0;
  /** Number of frames of the epoch before. */
  #framesBefore = 0;
  /** Number of frames of the earlier epochs. */
  #earlier = 0;
  #committed: number;
  #written: number;
  #durable: number;

  constructor({ epoch, frames, salt1, salt2 }: GenerationEnd) {
    this.#epoch = epoch;
    this.#salts = [salt1, salt2];
    this.#committed = frames;
    this.#written = frames;
    this.#durable = frames;
  }

  /**
   * Takes what is committed. Returns false if the log was restarted before all of it was durable, so
   * that frames are lost.
   */
  take({ frames, pageBytes, salt1, salt2 }: LogHead): boolean {
    this.#pageBytes = pageBytes;
    if (frames === 0) return true;
    const isSameEpoch = this.#epoch > 0 && salt1 === this.#salts[0] && salt2 === this.#salts[1];
    if (!isSameEpoch) {
      if (!this.isDurable) return false;
      this.#framesBefore = this.#committed;
      this.#earlier += this.#committed;
      this.#epoch++;
      this.#salts = [salt1, salt2];
      this.#written = 0;
      this.#durable = 0;
    }
    this.#committed = frames;
    return true;
  }

  /** Returns the frames that are written next, at most `bytesMax` of them. */
  next(bytesMax: number): FrameRange {
    const from = this.#written;
    const framesMax = Math.floor(bytesMax / this.#frameBytes);
    const to = Math.min(this.#committed, from + framesMax);
    const [salt1, salt2] = this.#salts;
    return {
      ...{ epoch: this.#epoch, from, to, framesBefore: this.#framesBefore, pageBytes: this.#pageBytes },
      ...{ salt1, salt2 },
    };
  }

  /** The frames before `to` are written. */
  wrote(to: number): void {
    this.#written = to;
  }

  /** The frames before `to` are durable. */
  synced(to: number): void {
    this.#durable = to;
  }

  /** Everything that is not durable must be written again. */
  rewind(): void {
    this.#written = this.#durable;
  }

  get isWritten(): boolean {
    return this.#written === this.#committed;
  }

  get isDurable(): boolean {
    return this.#durable === this.#committed;
  }

  /** Length of the log in frames. */
  get logFrames(): number {
    return this.#committed;
  }

  /** Position of the last commit. */
  get position(): number {
    return this.#earlier + this.#committed;
  }

  /** Position up to which everything is durable. */
  get durablePosition(): number {
    return this.#earlier + this.#durable;
  }

  /** Size of the frames that are not durable. */
  get behindBytes(): number {
    return (this.#committed - this.#durable) * this.#frameBytes;
  }

  /** The end of what is durable. */
  get end(): Pick<GenerationEnd, "epoch" | "frames" | "salt1" | "salt2"> {
    const [salt1, salt2] = this.#salts;
    return { epoch: this.#epoch, frames: this.#durable, salt1, salt2 };
  }

  get #frameBytes(): number {
    return FRAME_HEADER_BYTES + this.#pageBytes;
  }
}
