import type { Database } from "bun:sqlite";
import type { LogGuard } from "./guard.ts";
import type { Shipper } from "./shipper.ts";

/** Number of frames after an incomplete checkpoint at which it is tried again. */
const AGAIN_AFTER_FRAMES = 2048;

/**
 * Copies the log to the database when all of the log is in the replica, so that the next commit can
 * restart the log. SQLite itself makes no checkpoints.
 */
export class Checkpoints {
  /** Length of the log in frames at the last checkpoint. */
  #lastFrames = 0;

  constructor(
    private readonly db: Database,
    private readonly guard: LogGuard,
    private readonly shipper: Shipper,
    /** Length of the log in frames at which a checkpoint is due. */
    private readonly everyFrames: number,
  ) {}

  /** Whether the log is long enough for a checkpoint. */
  get isDue(): boolean {
    const frames = this.shipper.logFrames;
    if (frames < this.everyFrames) return false;
    // If the log is longer than before, a reader has prevented its restart.
    return frames < this.#lastFrames || frames >= this.#lastFrames + AGAIN_AFTER_FRAMES;
  }

  /** Makes a checkpoint if it is due and the replica has everything. */
  run(): void {
    if (!this.isDue || !this.shipper.isCaughtUp) return;
    this.guard.exclusively(() => {
      // A command may have committed.
      this.shipper.note();
      if (!this.shipper.isCaughtUp) return;
      this.#lastFrames = this.shipper.logFrames;
      // The log is restarted by the next commit, unless a reader still needs it.
      this.db.query("PRAGMA wal_checkpoint(PASSIVE)").get();
    });
  }
}
