import { type Stats, statSync } from "node:fs";
import type { Clock } from "../../../ports.ts";

/** Minimum time between two checks while the files are in place, in ms. */
const CHECKED_EVERY_MS = 1000;

/** A file that SQLite uses is no longer at its path. */
class FileMoved extends Error {
  /** The code that SQLite has for this error. With a write-ahead log, SQLite does not detect it. */
  readonly code = "SQLITE_READONLY_DBMOVED";
}

/**
 * Detects that somebody deleted, moved or replaced the database or its write-ahead log while the
 * server uses them. SQLite then continues to write to the open files, and everything that it writes
 * is lost when the server stops.
 */
export class UsedFiles {
  readonly #files: ReadonlyArray<{ readonly path: string; readonly id: string | null }>;
  #checkedAt: number;
  #isMoved = false;

  /** Must be created after the write-ahead log exists. */
  constructor(
    database: string,
    private readonly clock: Pick<Clock, "steady">,
  ) {
    this.#files = [database, `${database}-wal`].map((path) => ({ path, id: idOf(path) }));
    this.#checkedAt = clock.steady();
  }

  /** Throws if a file is not in place. Returns without a check if one was made within a second. */
  readonly check = (): void => {
    const now = this.clock.steady();
    if (!this.#isMoved && now - this.#checkedAt < CHECKED_EVERY_MS) return;
    this.#checkedAt = now;
    const moved = this.#files.find(({ path, id }) => idOf(path) !== id);
    this.#isMoved = moved !== undefined;
    if (moved === undefined) return;
    throw new FileMoved(
      `the file ${moved.path} was deleted, moved or replaced while the server uses it; put it back, or stop the server with SIGTERM, and restore a backup if data is missing at the next start`,
    );
  };
}

/** Returns what identifies the file at a path, or null if there is none. */
function idOf(path: string): string | null {
  const found: Stats | undefined = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev} ${found.ino}`;
}
