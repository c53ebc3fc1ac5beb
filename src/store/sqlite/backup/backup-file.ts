import { Database } from "bun:sqlite";
import { existsSync, linkSync, realpathSync, renameSync, rmSync, statSync, unlinkSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { StartError } from "../../../core/start-error.ts";
import type { Clock } from "../../../ports.ts";
import { databaseFileOf, hasDatabase, noData } from "../data-dir/data-dir.ts";
import { codeOf } from "../data-dir/disk-error.ts";
import { systemFiles } from "../data-dir/durable-file.ts";
import { sizeOf } from "../data-dir/file-size.ts";
import type { KnownKeys } from "../encryption/key-file.ts";
import { findPresentKey, keyStateOf } from "../encryption/key-state.ts";
import { openError } from "../open-error.ts";
import { copyDatabase } from "./copy-database.ts";
import { requireSpace } from "./disk-space.ts";
import { lockTemporary, removeBeside } from "./temporary-file.ts";

/** The table that only backups have: when and by which version the backup was made. */
export const BACKUP_TABLE = "backup";
/** Matches the names of the server's own files in a data directory. */
const OWN_FILE = /^(boathook\.(db|lock)|encryption\.key|root-token|replica\.json)/;

export interface BesideServer {
  /** Measures the pauses of the copy while the server commits. */
  readonly clock: Pick<Clock, "steady" | "after">;
  /** Called when the backup no longer holds anything that the server waits for. */
  readonly afterCopy: () => void;
}

export interface BackupRequest {
  readonly dataDir: string;
  readonly file: string;
  /** The known keys. The one that fits the data is included. Null means that the backup has no key. */
  readonly keys: KnownKeys | null;
  /** Whether an existing file may be replaced. */
  readonly force: boolean;
  /** Whether to check the structure of the copy, which reads all of it. */
  readonly verify: boolean;
  /** How the backup makes way for a server. Null for a backup at full speed. */
  readonly besideServer: BesideServer | null;
  /** Instant of the backup, in ms. */
  readonly now: number;
  readonly version: string;
}

/**
 * Writes a backup, which is an SQLite database with one more table. The file appears at its path
 * only when it is complete and synced; until then it is `<file>.tmp`. Returns its size in bytes.
 * Throws `StartError` if the backup is not possible.
 */
export async function writeBackup(request: BackupRequest): Promise<number> {
  const { dataDir, file, force, besideServer } = request;
  try {
    if (!hasDatabase(dataDir)) throw noData(dataDir);
    refuseTarget(request);
    const temporary = `${file}.tmp`;
    const lock = lockTemporary(temporary);
    let isPublished = false;
    try {
      removeBeside(temporary);
      const path = databaseFileOf(dataDir);
      await requireSpace(file, sizeOf(path) + sizeOf(`${path}-wal`), "The backup");
      await copyDatabase(dataDir, temporary, besideServer?.clock);
      besideServer?.afterCopy();
      complete(temporary, request);
      systemFiles.sync(temporary);
      const { size } = statSync(temporary);
      publish(temporary, file, force);
      isPublished = true;
      systemFiles.sync(dirname(resolve(file)));
      return size;
    } finally {
      // After publication, the temporary path may belong to another backup.
      if (!isPublished) {
        removeBeside(temporary);
        rmSync(temporary, { force: true });
      }
      lock.release();
    }
  } catch (error) {
    throw backupError(error, request);
  }
}

/** Returns the error to show if a backup fails: one sentence about the file or its source. */
function backupError(error: unknown, { file, dataDir }: BackupRequest): unknown {
  const code = codeOf(error);
  if (/^(ENOSPC|EDQUOT|EFBIG)$/.test(code)) {
    return new StartError(`The disk of ${dirname(resolve(file))} is full, so there is no backup. Free some space.`);
  }
  const path = String((error as { readonly path?: unknown }).path ?? "");
  if (code !== "" && path.startsWith(file)) {
    return new StartError(`The backup ${file} cannot be written (${code}). Choose another path or change its rights.`);
  }
  return openError(error, dataDir);
}

function refuseTarget({ dataDir, file, force }: BackupRequest): void {
  const target = statSync(file, { throwIfNoEntry: false });
  if (target?.isDirectory()) throw new StartError(`${file} is a directory. Give the path of a new file.`);
  if (target !== undefined && !target.isFile()) {
    throw new StartError(`${file} is not an ordinary file. Give the path of a new file, or - for stdout.`);
  }
  if (target !== undefined && !force) throw alreadyExists(file);
  const directory = dirname(resolve(file));
  if (!existsSync(directory)) throw new StartError(`The directory ${directory} does not exist. Create it first.`);
  if (OWN_FILE.test(basename(file)) && existsSync(dataDir) && realpathSync(directory) === realpathSync(dataDir)) {
    throw new StartError(`${file} is a file of the data directory. Give another path.`);
  }
}

function alreadyExists(file: string): StartError {
  return new StartError(`${file} already exists. Give the path of a new file, or replace the file with --force.`);
}

/** Merges the copied log into the copied database and adds the table that only backups have. */
function complete(temporary: string, { keys, verify, now, version, dataDir }: BackupRequest): void {
  const db = new Database(temporary, { create: false, readwrite: true, strict: true });
  try {
    // The caller syncs the file.
    db.run("PRAGMA synchronous = OFF");
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    db.run("PRAGMA journal_mode = DELETE");
    const key = keys === null ? null : (findPresentKey(keyStateOf(db), keys)?.box ?? null);
    if (keys !== null && key === null) {
      throw new StartError(
        `The encryption key does not match the data in ${dataDir}, so it was not backed up. Set the key of the server.`,
      );
    }
    db.run(`CREATE TABLE ${BACKUP_TABLE} (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT`);
    const insert = db.prepare(`INSERT INTO ${BACKUP_TABLE} (name, value) VALUES (?, ?)`);
    insert.run("created-at", String(now));
    insert.run("version", version);
    if (key !== null) insert.run("encryption-key", key.hex);
    const problem = verify ? problemIn(db, "quick_check") : null;
    if (problem !== null) {
      throw new StartError(`The database in ${dataDir} is damaged, so there is no backup of it: ${problem}.`);
    }
  } finally {
    db.close();
  }
}

/** Runs a check of SQLite. Returns the first problem that it finds, or null. */
export function problemIn(db: Database, check: "quick_check" | "integrity_check"): string | null {
  const result = Object.values(db.query(`PRAGMA ${check}(1)`).get() as Record<string, string>)[0]!;
  return result === "ok" ? null : result.replace(/\s+/g, " ").replace(/\.$/, "");
}

/** Moves the complete file to its path. Never replaces a file without `force`. */
function publish(temporary: string, file: string, force: boolean): void {
  if (!force) {
    try {
      linkSync(temporary, file);
      unlinkSync(temporary);
      return;
    } catch (error) {
      if (codeOf(error) === "EEXIST") throw alreadyExists(file);
      // Some file systems have no hard links.
      if (existsSync(file)) throw alreadyExists(file);
    }
  }
  renameSync(temporary, file);
}
