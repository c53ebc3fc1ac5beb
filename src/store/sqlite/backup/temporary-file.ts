import { chmodSync, closeSync, lstatSync, openSync, readSync, rmSync, type Stats, unlinkSync } from "node:fs";
import { StartError } from "../../../core/start-error.ts";
import { type FileLock, FileLocked, lockFile } from "../data-dir/file-lock.ts";

/** How each SQLite database begins. */
const DATABASE_START = Buffer.from("SQLite format 3\0");

/**
 * Creates the temporary file of a backup with mode 0600 and locks it, so that two backups do not
 * share it. Reuses what an interrupted backup has left. Throws `StartError` if the path has anything
 * else, which may belong to the user or to an attacker.
 */
export function lockTemporary(temporary: string): FileLock {
  requireLeftover(temporary);
  const lock = locked(temporary);
  const { nlink } = requireLeftover(temporary)!;
  if (nlink === 1) {
    chmodSync(temporary, 0o600);
    return lock;
  }
  // A backup was killed when the file had appeared at its path and still had its temporary name.
  unlinkSync(temporary);
  lock.release();
  return locked(temporary);
}

function locked(temporary: string): FileLock {
  try {
    return lockFile(temporary);
  } catch (error) {
    if (!(error instanceof FileLocked)) throw error;
    throw new StartError(`Another backup is writing ${temporary}. Wait until it has finished.`);
  }
}

/** Throws `StartError` if the path has anything but an empty file or a database of this user. */
function requireLeftover(temporary: string): Stats | undefined {
  const stats = lstatSync(temporary, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const isOwn = stats.isFile() && (process.getuid === undefined || stats.uid === process.getuid());
  if (isOwn && (stats.size === 0 || isDatabase(temporary))) return stats;
  throw new StartError(
    `The backup needs the path ${temporary}, which something else has. Move it away or give another path.`,
  );
}

function isDatabase(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const start = Buffer.alloc(DATABASE_START.length);
    readSync(file, start, 0, start.length, 0);
    return start.equals(DATABASE_START);
  } finally {
    closeSync(file);
  }
}

/** Removes what an interrupted backup may have left beside the temporary file. */
export function removeBeside(temporary: string): void {
  for (const suffix of ["-wal", "-shm", "-journal"]) rmSync(`${temporary}${suffix}`, { force: true });
}
