import { Database } from "bun:sqlite";
import { existsSync, promises, readdirSync, realpathSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { deliveryHeldMeta } from "../../../core/delivery.ts";
import { StartError } from "../../../core/start-error.ts";
import { databaseFileOf, hasDatabase, LOCK_FILE, lockDataDir, prepareDataDir, restoreFileOf } from "../data-dir.ts";
import { codeOf } from "../disk-error.ts";
import { systemFiles, writeDurably } from "../durable-file.ts";
import { keyFileOf, keyOf } from "../key-file.ts";
import { keyFingerprintOf } from "../meta.ts";
import { refuseNewerSchema } from "../migrations.ts";
import { openError } from "../open-error.ts";
import { SecretBox } from "../secret-box.ts";
import { BACKUP_TABLE, problemIn } from "./backup-file.ts";
import { copyFile, requireSpace } from "./copy-database.ts";

/** The header of an SQLite database: its magic text, and where the page size and count are. */
const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const PAGE_BYTES_AT = 16;
const PAGES_AT = 28;

export interface RestoreRequest {
  readonly file: string;
  readonly dataDir: string;
  /** The configured key, as 64 hex digits, or null. It is not written to the data directory. */
  readonly configuredKey: string | null;
  /** The key of a given key file, as 64 hex digits, or null. */
  readonly givenKey: string | null;
  /** Whether the server sends deliveries as soon as it starts. If not, they are held. */
  readonly deliver: boolean;
  /** Instant of the restore, in ms. */
  readonly now: number;
}

export interface Restored {
  readonly bytes: number;
  /** Instant of the backup, in ms. */
  readonly createdAt: number;
  readonly schemaVersion: number;
  /** Whether a key file was written. */
  readonly wroteKey: boolean;
}

/**
 * Creates the data of a server from a backup. The database gets its name only after it was checked
 * and synced, so an interrupted restore can be repeated, and the server refuses to start until then.
 * Throws `StartError` and leaves the directory as it was if the backup cannot be restored.
 */
export async function restoreBackup(request: RestoreRequest): Promise<Restored> {
  const { file, dataDir } = request;
  const before = existsSync(dataDir) ? readdirSync(dataDir) : null;
  try {
    refuseData(dataDir);
    if (existsSync(file) && before !== null && realpathSync(file) === restoreFileOf(realpathSync(dataDir))) {
      throw new StartError(`The restore writes to ${file} itself. Move the backup to another path.`);
    }
    const backup = await openBackup(file);
    try {
      prepareDataDir(dataDir, systemFiles);
      const lock = lockDataDir(dataDir);
      try {
        refuseData(dataDir);
        return await restoreFrom(backup, request);
      } finally {
        lock.release();
      }
    } finally {
      await backup.close();
    }
  } catch (error) {
    removeCreated(dataDir, before);
    throw openError(error, dataDir);
  }
}

function refuseData(dataDir: string): void {
  if (!hasDatabase(dataDir) && !existsSync(`${databaseFileOf(dataDir)}-wal`)) return;
  throw new StartError(
    `The data directory ${dataDir} holds data, which a restore would overwrite. Choose another data-dir or move the directory away.`,
  );
}

async function openBackup(file: string): Promise<promises.FileHandle> {
  try {
    // Opening a pipe would wait for a writer.
    if (statSync(file).isFile()) return await promises.open(file, "r");
  } catch (error) {
    const cause = codeOf(error) === "ENOENT" ? "does not exist" : `cannot be read (${codeOf(error)})`;
    throw new StartError(`The backup ${file} ${cause}. Check the path.`);
  }
  throw new StartError(`The backup ${file} is not a file. Check the path.`);
}

async function restoreFrom(backup: promises.FileHandle, request: RestoreRequest): Promise<Restored> {
  const { file, dataDir } = request;
  const temporary = restoreFileOf(dataDir);
  try {
    const { size } = await backup.stat();
    await refuseIncomplete(backup, file, size);
    await requireSpace(temporary, size, "The restored database");
    await copyFile(backup, temporary, size);
    const { key, ...about } = prepareCopy(temporary, request);
    systemFiles.sync(temporary);
    const bytes = statSync(temporary).size;
    // The server does not start with a key file, a lock file and no database.
    if (key !== null) writeDurably(systemFiles, keyFileOf(dataDir), `${key}\n`);
    renameSync(temporary, databaseFileOf(dataDir));
    systemFiles.sync(dataDir);
    return { ...about, bytes, wroteKey: key !== null };
  } catch (error) {
    for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(`${temporary}${suffix}`, { force: true });
    if (/^SQLITE_(NOTADB|CORRUPT)/.test(codeOf(error))) throw notABackup(file);
    throw error;
  }
}

interface Prepared extends Omit<Restored, "bytes" | "wroteKey"> {
  /** The key to write to the key file, or null. */
  readonly key: string | null;
}

/** Checks the copied backup and turns it into the database of a server. */
function prepareCopy(path: string, request: RestoreRequest): Prepared {
  const { file, deliver, now } = request;
  const db = new Database(path, { create: false, readwrite: true, strict: true });
  try {
    // The caller syncs the file. The key must not remain in a page that is no longer used.
    for (const pragma of ["synchronous = OFF", "secure_delete = ON", "journal_mode = MEMORY"])
      db.run(`PRAGMA ${pragma}`);
    const values = backupValues(db, file);
    const { user_version: schemaVersion } = db.query("PRAGMA user_version").get() as { user_version: number };
    refuseNewerSchema(schemaVersion, `The backup ${file}`);
    const problem = problemIn(db, "integrity_check");
    if (problem !== null) throw new StartError(`The backup ${file} is damaged: ${problem}. Use another backup.`);
    const key = keyToWrite(keyFingerprintOf(db), values.get("encryption-key") ?? null, request);
    db.run(`DROP TABLE ${BACKUP_TABLE}`);
    db.run("DELETE FROM meta WHERE name = ?", [deliveryHeldMeta]);
    if (!deliver) db.run("INSERT INTO meta (name, value) VALUES (?, ?)", [deliveryHeldMeta, String(now)]);
    return { createdAt: Number(values.get("created-at")), schemaVersion, key };
  } finally {
    db.close();
  }
}

/** Returns the rows of the table that only backups have. */
function backupValues(db: Database, file: string): ReadonlyMap<string, string> {
  const exists = db.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(BACKUP_TABLE);
  if (exists === null || keyFingerprintOf(db) === null) throw notABackup(file);
  const rows = db.query<{ name: string; value: string }, []>(`SELECT name, value FROM ${BACKUP_TABLE}`).all();
  return new Map(rows.map(({ name, value }) => [name, value]));
}

function notABackup(file: string): StartError {
  return new StartError(
    `${file} is damaged or was not made by \`boathook backup\`. Check the path, or use another backup.`,
  );
}

/** Throws `StartError` unless a file is a whole SQLite database, as far as its header shows. */
async function refuseIncomplete(backup: promises.FileHandle, file: string, size: number): Promise<void> {
  const header = Buffer.alloc(HEADER_BYTES);
  await backup.read(header, 0, HEADER_BYTES, 0);
  if (header.toString("latin1", 0, MAGIC.length) !== MAGIC) throw notABackup(file);
  const pageBytes = header.readUInt16BE(PAGE_BYTES_AT);
  // SQLite stores a page size of 65536 as 1.
  const missing = header.readUInt32BE(PAGES_AT) * (pageBytes === 1 ? 65_536 : pageBytes) - size;
  if (missing > 0) throw new StartError(`The backup ${file} is incomplete: ${missing} bytes are missing at its end.`);
}

/**
 * Returns the key that must be written to the key file, or null if the server has the key already.
 * Throws `StartError` if no known key belongs to the data.
 */
function keyToWrite(fingerprint: string | null, inBackup: string | null, request: RestoreRequest): string | null {
  const { file, dataDir, configuredKey, givenKey } = request;
  const fits = (key: string) => new SecretBox(Buffer.from(key, "hex")).fingerprint === fingerprint;
  const there = keyOf(dataDir);
  // The server uses the configured key even if there is a key file.
  const known = configuredKey ?? givenKey ?? inBackup ?? there;
  if (known === null) {
    throw new StartError(
      `The backup ${file} does not contain the encryption key. Give it with --key-file FILE or BOATHOOK_ENCRYPTION_KEY.`,
    );
  }
  if (!fits(known)) {
    throw new StartError(
      `The encryption key does not match the backup ${file}. Give the key of the server from which it was made.`,
    );
  }
  if (configuredKey !== null || there === known) return null;
  if (existsSync(keyFileOf(dataDir))) {
    throw new StartError(
      `The key file ${keyFileOf(dataDir)} does not match the backup ${file}. Move the key file away, or choose another data-dir.`,
    );
  }
  return known;
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
