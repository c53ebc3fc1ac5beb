import type { Database } from "bun:sqlite";
import type { Cancel } from "../../../ports.ts";
import type { CommitPauses } from "./commit-pause.ts";
import type { LogGuard } from "./log-guard.ts";
import type { Shipper } from "./shipper.ts";

/** A checkpoint is tried again when the log has grown by this part of the length at which it is due. */
const AGAIN_PART = 0.25;
/** How long commits may be paused for a checkpoint, in ms. */
const PAUSE_MS = 1000;

/**
 * Copies the log to the database when all of the log is in the replica, so that the next commit can
 * restart the log. SQLite itself makes no checkpoints. Commits are paused for a moment until the
 * replica has everything, because a busy server always has another commit under way.
 */
export class Checkpoints {
  /** Length of the log in frames at the last checkpoint. */
  #lastFrames = 0;
  #resume: Cancel | null = null;
  /** Length of the log at which commits may be paused again after a pause that was too short. */
  #pauseAt = 0;

  constructor(
    private readonly db: Database,
    private readonly guard: LogGuard,
    private readonly shipper: Shipper,
    /** Length of the log in frames at which a checkpoint is due. */
    private readonly everyFrames: number,
    private readonly pauses: CommitPauses,
  ) {}

  /** Whether the log is long enough for a checkpoint. */
  get #isDue(): boolean {
    const frames = this.shipper.logFrames;
    if (frames < this.everyFrames) return false;
    // If the log is longer than before, a reader has prevented its restart.
    return frames < this.#lastFrames || frames >= this.#lastFrames + this.#stepFrames;
  }

  get #stepFrames(): number {
    return Math.ceil(this.everyFrames * AGAIN_PART);
  }

  afterCommit(): void {
    const frames = this.shipper.logFrames;
    if (frames < this.everyFrames) this.#pauseAt = 0;
    if (!this.#isDue || this.#resume !== null || frames < this.#pauseAt || this.shipper.isCaughtUp) return;
    if (this.shipper.isFailing) return;
    this.shipper.hurry();
    this.#resume = this.pauses.pause(PAUSE_MS, () => {
      this.#pauseAt = frames + this.#stepFrames;
      this.#resume = null;
    });
  }

  /** Makes a checkpoint if it is due and the replica has everything. */
  afterShipped(): void {
    if (!this.shipper.isCaughtUp) return;
    try {
      if (this.#isDue) this.guard.exclusively(() => this.#run());
    } catch {
      // The disk cannot be written. The next commit reports this.
    } finally {
      this.resume();
    }
  }

  #run(): void {
    // A command may have committed.
    this.shipper.note();
    if (!this.shipper.isCaughtUp) return;
    this.#lastFrames = this.shipper.logFrames;
    // The log is restarted by the next commit, unless a reader still needs it.
    this.db.query("PRAGMA wal_checkpoint(PASSIVE)").get();
  }

  /** Ends a pause of the commits. */
  resume(): void {
    this.#resume?.();
    this.#resume = null;
  }
}
