import type { Seq } from "../core/id.ts";
import type { LaneCursor, PendingDelivery } from "../store/index.ts";

/** The position that means that no delivery is known to be pending on disk. */
export const NOTHING: Seq = Number.POSITIVE_INFINITY;
/** Minimum wait before rows that were not due are read again, in ms. */
const REREAD_MS = 1000;
const START: LaneCursor = { position: 0, seq: 0 };

/**
 * How far a lane has been read. In this picture positions increase from left to right:
 *
 *     | under way, ready, settled | not read yet
 *                         cursor ─┘      └─ diskNext
 *
 * - Every pending delivery at or before `cursor` is in memory: it is ready, or its attempt is under
 *   way.
 * - `diskNext` is a lower bound of the positions that are pending on disk. If it is at or before
 *   `cursor`, a delivery became pending there after the lane had been read, and the lane is read
 *   again from `diskNext`.
 * - Rows before `cursor` that were not due yet, because the clock has been set back, are read again
 *   at `laterAt`.
 *
 * Reading a row twice is harmless, because rows that are already in memory are skipped.
 */
export class LanePosition {
  cursor: LaneCursor = START;
  diskNext: Seq;
  /**
   * True if the next read continues right after the cursor. False if it starts at the first row of
   * position `diskNext`.
   */
  #continuesBehindCursor = false;
  /** Number of rows at or before the cursor that were not due yet. */
  #notDue = 0;
  /** Earliest time at which one of the rows counted by `#notDue` is due. */
  #notDueUntil = NOTHING;
  /** Earliest time at which the rows counted by `#notDue` may be read again. */
  #rereadAfter = 0;

  constructor(diskNext: Seq) {
    this.diskNext = diskNext;
  }

  /** Records that a delivery is pending on disk at `position`, perhaps before the cursor. */
  waitsOnDisk(position: Seq): void {
    if (position <= this.cursor.position) this.#continuesBehindCursor = false;
    if (position < this.diskNext) this.diskNext = position;
  }

  /** Records that more rows follow right after the cursor, perhaps at the same position. */
  continueBehindCursor(): void {
    if (this.cursor.position >= this.diskNext) return;
    this.diskNext = this.cursor.position;
    this.#continuesBehindCursor = true;
  }

  /**
   * Returns where the next read starts. A delivery that becomes pending during the read lowers
   * `diskNext` again.
   */
  beginReading(): LaneCursor {
    if (this.diskNext <= this.cursor.position && !this.#continuesBehindCursor) {
      this.cursor = { position: this.diskNext - 1, seq: 0 };
    }
    this.diskNext = NOTHING;
    this.#continuesBehindCursor = false;
    return this.cursor;
  }

  /** Moves the cursor past a row that is not added. */
  skip({ position, seq }: LaneCursor): void {
    this.cursor = { position, seq };
  }

  /** Moves the cursor past a row that is not due before the delivery time `at`. */
  skipNotDue(delivery: PendingDelivery, at: number, now: number): void {
    this.skip(delivery);
    this.#notDue++;
    this.#notDueUntil = Math.min(this.#notDueUntil, at);
    // Every reread reads all of these rows, so the wait grows with their number.
    this.#rereadAfter = now + REREAD_MS + this.#notDue;
  }

  /** Time at which skipped rows that were not due are read again; infinity if there are none. */
  get laterAt(): number {
    return Math.max(this.#notDueUntil, this.#rereadAfter);
  }

  /** Makes the next read start at the beginning, because skipped rows may be due now. */
  rereadNotDue(): void {
    this.#forgetNotDue();
    this.waitsOnDisk(0);
  }

  /** Makes the next read start at the beginning. */
  protected rewind(): void {
    this.cursor = START;
    this.diskNext = 0;
    this.#continuesBehindCursor = false;
    this.#forgetNotDue();
  }

  #forgetNotDue(): void {
    this.#notDue = 0;
    this.#notDueUntil = NOTHING;
    this.#rereadAfter = 0;
  }
}
