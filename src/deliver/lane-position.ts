import type { Seq } from "../core/id.ts";
import type { LaneCursor, PendingDelivery } from "../store/index.ts";

/** No position: nothing is known to wait on disk. */
export const NOTHING: Seq = Number.POSITIVE_INFINITY;
/** Minimum wait before rows that were not yet due are read again. */
const REREAD_MS = 1000;
const START: LaneCursor = { position: 0, seq: 0 };

/**
 * How far a lane has been read. In this picture positions rise from left to right:
 *
 *   | under way, ready, settled | not read yet
 *                       cursor ─┘      └─ diskNext
 *
 * - Every pending delivery at or before `cursor` is in memory: it is ready, or its attempt is under
 *   way.
 * - `diskNext` is a lower bound of the positions that wait on disk. If it is at or before `cursor`,
 *   something became pending there after the lane had been read, and the lane is read again from
 *   there.
 * - Rows before `cursor` that were not yet due, because the clock has been set back, are read again
 *   at `laterAt`.
 *
 * Reading a row twice does no harm, because a row that is in memory is skipped.
 */
export class LanePosition {
  cursor: LaneCursor = START;
  diskNext: Seq;
  /** The rows on disk continue behind the cursor, and not at the beginning of its position. */
  #continuesBehindCursor = false;
  /** How many rows before the cursor were not yet due. */
  #notDue = 0;
  /** When the first of them is due. */
  #notDueUntil = NOTHING;
  /** When they may be read again. */
  #rereadAfter = 0;

  constructor(diskNext: Seq) {
    this.diskNext = diskNext;
  }

  /** Something waits on disk at `position`, perhaps before the cursor. */
  waitsOnDisk(position: Seq): void {
    if (position <= this.cursor.position) this.#continuesBehindCursor = false;
    if (position < this.diskNext) this.diskNext = position;
  }

  /** More rows follow right behind the cursor, perhaps at the same position. */
  continueBehindCursor(): void {
    if (this.cursor.position >= this.diskNext) return;
    this.diskNext = this.cursor.position;
    this.#continuesBehindCursor = true;
  }

  /**
   * Returns where to begin to read. Whatever becomes pending during the read lowers `diskNext`
   * again.
   */
  beginReading(): LaneCursor {
    if (this.diskNext <= this.cursor.position && !this.#continuesBehindCursor) {
      this.cursor = { position: this.diskNext - 1, seq: 0 };
    }
    this.diskNext = NOTHING;
    this.#continuesBehindCursor = false;
    return this.cursor;
  }

  /** Moves the cursor beyond a row without adding it. */
  skip({ position, seq }: LaneCursor): void {
    this.cursor = { position, seq };
  }

  /** Skips a row that is not due yet. */
  skipNotDue(delivery: PendingDelivery, now: number): void {
    this.skip(delivery);
    this.#notDue++;
    this.#notDueUntil = Math.min(this.#notDueUntil, delivery.dueAt);
    // All of them are read each time, so the more there are the less often.
    this.#rereadAfter = now + REREAD_MS + this.#notDue;
  }

  /** When to read the skipped rows again that were not due; infinity if there are none. */
  get laterAt(): number {
    return Math.max(this.#notDueUntil, this.#rereadAfter);
  }

  /** Reads from the beginning next time, because skipped rows may be due now. */
  rereadNotDue(): void {
    this.#forgetNotDue();
    this.waitsOnDisk(0);
  }

  /** Reads everything again next time. */
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
