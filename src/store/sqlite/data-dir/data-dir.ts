import { Database } from "bun:sqlite";
import { accessSync, chmodSync, constants, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../../../core/start-error.ts";
import { hasKeyFile } from "../encryption/key-file.ts";
import { userText } from "../open-error.ts";
import { codeOf } from "./disk-error.ts";
import { type Files, makeDirectoryDurably } from "./durable-file.ts";
import { sizeOf } from "./file-size.ts";

const DATABASE_FILE = "boathook.db";
export const LOCK_FILE = "boathook.lock";

export function databaseFileOf(dataDir: string): string {
  return join(dataDir, DATABASE_FILE);
}

/** Returns the path of the database of a restore that has not finished. */
export function restoreFileOf(dataDir: string): string {
  return `${databaseFileOf(dataDir)}.restoring`;
}

/** Returns whether the directory contains a database that is not empty. */
export function hasDatabase(dataDir: string): boolean {
  return sizeOf(databaseFileOf(dataDir)) > 0;
}

/**
 * Creates the directory with mode 0700 unless it exists. Throws `StartError` if the directory
 * cannot be used.
 */
export function prepareDataDir(dataDir: string, files: Files): void {
  if (!existsSync(dataDir)) makeDirectoryDurably(files, dataDir);
  const directory = statSync(dataDir);
  if (!directory.isDirectory()) {
    throw new StartError(`The data directory ${dataDir} is a file. Set data-dir to a directory.`);
  }
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (directory.uid === process.getuid?.() || codeOf(error) !== "EACCES") throw error;
    throw new StartError(
      `The data directory ${dataDir} belongs to another user (uid ${directory.uid}; this process runs as ${userText()}). Run Boathook as that user or set another data-dir.`,
    );
  }
}

/**
 * Throws `StartError` if the database is missing or empty although other files show that the
 * directory contained a database. An interrupted first start leaves no such directory, because the
 * key file is created after the database. Must be called before the directory is locked.
 */
export function refuseLostDatabase(dataDir: string): void {
  const database = databaseFileOf(dataDir);
  if (sizeOf(database) > 0) return;
  if (existsSync(restoreFileOf(dataDir))) {
    throw new StartError(`The restore into ${dataDir} was interrupted. Run \`boathook restore\` again.`);
  }
  const problem = existsSync(database) ? "is empty" : "is missing";
  if (sizeOf(`${database}-wal`) > 0) {
    throw new StartError(
      `The database ${database} ${problem}, but its write-ahead log contains data. Restore the database or set another data-dir.`,
    );
  }
  // Operators may put a key file into a directory that was never used.
  const wasUsed = existsSync(database) || existsSync(join(dataDir, LOCK_FILE));
  if (wasUsed && hasKeyFile(dataDir)) throw lostDatabase(database, problem);
}

/** Returns the error for a missing or empty database next to a key file. */
export function lostDatabase(database: string, problem: string): StartError {
  return new StartError(
    `The database ${database} ${problem}, but its key file exists. Restore the database from a backup; if there never was any data, delete ${DATABASE_FILE} and ${LOCK_FILE}.`,
  );
}

/**
 * Locks a data directory for this process. Throws `StartError` if another server holds the lock.
 *
 * The lock is an open transaction on a separate small database. The operating system releases it even
 * if the process crashes. Commands that add a row (`token create`) can still write to the data.
 */
export function lockDataDir(dataDir: string): { release(): void } {
  const path = join(dataDir, LOCK_FILE);
  const db = new Database(path, { create: true });
  try {
    chmodSync(path, 0o600);
    db.run("PRAGMA busy_timeout = 0");
    db.run("PRAGMA journal_mode = DELETE");
    db.run("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    throw codeOf(error).startsWith("SQLITE_BUSY") ? dataDirInUse(dataDir) : error;
  }
  return { release: () => db.close() };
}

export function dataDirInUse(dataDir: string): StartError {
  return new StartError(
    `The data directory ${dataDir} is already in use by another boathook. Stop that process or set another data-dir.`,
  );
}

/** Returns the error for a command that was started on a directory without a database. */
export function noData(dataDir: string): StartError {
  return new StartError(
    `The data directory ${dataDir} holds no data of a server. Set the server's directory with --data-dir.`,
  );
}

/** Returns the size of a file, or 0 if it does not exist. */
