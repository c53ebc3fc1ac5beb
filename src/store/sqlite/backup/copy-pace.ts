import { FRAME_HEADER_BYTES } from "../../../core/wal.ts";
import type { Clock } from "../../../ports.ts";
import type { LogHead } from "../replica/wal-source.ts";
import { FULL_SPEED, type Pace } from "./copy-file.ts";

const MIB = 1024 * 1024;
/** Part of the time in which the copy works while the server commits. It pauses the rest. */
const WORK_PART = 0.1;
/** Size of the parts between two pauses while the server commits, in bytes. */
const BUSY_PART_BYTES = MIB;
/**
 * Number of bytes after which the copy is synced while the server commits. A commit may have to wait
 * for this sync, and each sync makes the file system write its journal.
 */
const BUSY_SYNC_BYTES = 8 * MIB;
/**
 * Growth of the server's log that is accepted during a copy, in bytes and as a part of the database.
 * The larger one applies. If the log is about to grow more, the copy makes shorter pauses.
 */
const LOG_GROWTH_BYTES = 256 * MIB;
const LOG_GROWTH_PART = 0.25;

export interface Progress {
  /** Time that the last part took, in ms. */
  readonly workedMs: number;
  /** Time since the start of the copy, in ms. */
  readonly elapsedMs: number;
  /** Size of the last part, and of what is left. */
  readonly partBytes: number;
  readonly leftBytes: number;
  /** How much the log has grown since the start, and how much it may grow. */
  readonly logGrowthBytes: number;
  readonly logGrowthBytesMax: number;
}

/** Returns how long to pause after a part of a copy, in ms. */
export function pauseMs(progress: Progress): number {
  const { workedMs, elapsedMs, partBytes, leftBytes, logGrowthBytes, logGrowthBytesMax } = progress;
  const wantedMs = workedMs * (1 / WORK_PART - 1);
  if (logGrowthBytes <= 0 || leftBytes <= 0) return wantedMs;
  const timeLeftMs = ((logGrowthBytesMax - logGrowthBytes) * elapsedMs) / logGrowthBytes;
  const partMs = (timeLeftMs * partBytes) / leftBytes;
  return Math.min(wantedMs, Math.max(0, partMs - workedMs));
}

/** Returns how much the log may grow during a copy of a database, in bytes. */
export function logGrowthMax(databaseBytes: number, hasReplica: boolean): number {
  // Beside a replica, only the server can shorten the log, and stops for that time.
  return hasReplica ? LOG_GROWTH_BYTES : Math.max(LOG_GROWTH_BYTES, LOG_GROWTH_PART * databaseBytes);
}

/**
 * Slows a copy of the database down while a server commits, so that the server keeps most of the
 * processor and of the disk. If nothing is committed, the copy is made at full speed.
 */
export class CopyPace implements Pace {
  readonly #startedAt: number;
  readonly #first: LogHead;
  #last: LogHead;
  #since: number;
  #isBusy = true;

  constructor(
    private readonly clock: Pick<Clock, "steady" | "after">,
    private readonly head: () => LogHead,
    private readonly logGrowthBytesMax: number,
  ) {
    this.#startedAt = clock.steady();
    this.#since = this.#startedAt;
    this.#first = head();
    this.#last = this.#first;
  }

  get partBytes(): number {
    return this.#isBusy ? BUSY_PART_BYTES : FULL_SPEED.partBytes;
  }

  get syncBytes(): number {
    return this.#isBusy ? BUSY_SYNC_BYTES : FULL_SPEED.syncBytes;
  }

  async after(partBytes: number, leftBytes: number): Promise<void> {
    const { clock } = this;
    const now = clock.steady();
    const workedMs = now - this.#since;
    const head = this.head();
    this.#isBusy = head.frames !== this.#last.frames || head.salt1 !== this.#last.salt1;
    this.#last = head;
    if (this.#isBusy) {
      const logGrowthBytes = (head.frames - this.#first.frames) * (FRAME_HEADER_BYTES + head.pageBytes);
      const { logGrowthBytesMax } = this;
      const elapsedMs = now - this.#startedAt;
      const delayMs = pauseMs({ workedMs, elapsedMs, partBytes, leftBytes, logGrowthBytes, logGrowthBytesMax });
      if (delayMs >= 1) await new Promise<void>((resolve) => void clock.after(delayMs, resolve));
    }
    this.#since = clock.steady();
  }
}
