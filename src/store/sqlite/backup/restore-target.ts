import { existsSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../../../core/start-error.ts";
import {
  databaseFileOf,
  hasDatabase,
  LOCK_FILE,
  lockDataDir,
  prepareDataDir,
  restoreFileOf,
} from "../data-dir/data-dir.ts";
import { systemFiles, writeDurably } from "../data-dir/durable-file.ts";
import { keyFileOf } from "../encryption/key-file.ts";
import { openError } from "../open-error.ts";

/** A database that is ready to be used by a server. */
export interface PreparedDatabase {
  /** The key to write to the key file, or null. */
  readonly key: string | null;
}

/** Result of a restore. */
export interface WrittenDatabase {
  readonly bytes: number;
  /** Whether a key file was written. */
  readonly wroteKey: boolean;
}

/**
 * Creates the data of a server. `write` creates the database at a temporary path and checks it. The
 * database gets its name only after it was synced, so an interrupted restore can be repeated, and the
 * server refuses to start until then. Throws `StartError` and leaves the directory as it was if the
 * data cannot be restored.
 */
export async function restoreInto<T extends PreparedDatabase>(
  dataDir: string,
  write: (temporary: string) => Promise<T>,
): Promise<Omit<T, "key"> & WrittenDatabase> {
  const before = existsSync(dataDir) ? readdirSync(dataDir) : null;
  try {
    refuseData(dataDir);
    prepareDataDir(dataDir, systemFiles);
    const lock = lockDataDir(dataDir);
    try {
      refuseData(dataDir);
      return await publish(dataDir, write);
    } finally {
      lock.release();
    }
  } catch (error) {
    removeCreated(dataDir, before);
    throw openError(error, dataDir);
  }
}

/** Throws `StartError` if a directory contains a database. */
export function refuseData(dataDir: string): void {
  if (!hasDatabase(dataDir) && !existsSync(`${databaseFileOf(dataDir)}-wal`)) return;
  throw new StartError(
    `The data directory ${dataDir} holds data, which a restore would overwrite. Choose another data-dir or move the directory away.`,
  );
}

async function publish<T extends PreparedDatabase>(
  dataDir: string,
  write: (temporary: string) => Promise<T>,
): Promise<Omit<T, "key"> & WrittenDatabase> {
  const temporary = restoreFileOf(dataDir);
  try {
    const { key, ...about } = await write(temporary);
    systemFiles.sync(temporary);
    const bytes = statSync(temporary).size;
    // The server does not start with a key file, a lock file and no database.
    if (key !== null) writeDurably(systemFiles, keyFileOf(dataDir), `${key}\n`);
    renameSync(temporary, databaseFileOf(dataDir));
    systemFiles.sync(dataDir);
    return { ...about, bytes, wroteKey: key !== null };
  } catch (error) {
    for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(`${temporary}${suffix}`, { force: true });
    throw error;
  }
}

/**
 * Removes the lock file and the directory if this restore has created them. `before` are the names
 * in the directory before the restore, or null if there was no directory.
 */
function removeCreated(dataDir: string, before: readonly string[] | null): void {
  try {
    for (const name of readdirSync(dataDir)) {
      if (name.startsWith(LOCK_FILE) && before?.includes(name) !== true) rmSync(join(dataDir, name));
    }
    if (before === null) rmdirSync(dataDir);
  } catch {
    // The directory was not created, or contains other files.
  }
}
