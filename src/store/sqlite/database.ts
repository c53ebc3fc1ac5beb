import { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../../core/start-error.ts";

export type Sync = "full" | "normal";

const DATABASE_FILE = "boathook.db";
const LOCK_FILE = "boathook.lock";
const KEY_FILE = "encryption.key";

/**
 * Size of the write-ahead log, in pages (32 MiB), at which SQLite copies the log into the database.
 */
const CHECKPOINT_PAGES = 8192;
const CACHE_KIB = 32 * 1024;
/**
 * How long to wait for the write lock, in ms. A command that runs beside the server (`token
 * create`) may hold the lock for a short time.
 */
const BUSY_TIMEOUT_MS = 2000;

/** Creates the directory with mode 0700 unless it exists. Throws `StartError` if that fails. */
export function prepareDataDir(dataDir: string): void {
  try {
    if (!existsSync(dataDir)) {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      chmodSync(dataDir, 0o700);
    }
  } catch (error) {
    throw new StartError(`The data directory ${dataDir} cannot be created: ${(error as Error).message}.`);
  }
}

export function openDatabase(dataDir: string, sync: Sync): Database {
  const path = join(dataDir, DATABASE_FILE);
  try {
    const db = new Database(path, { create: true, strict: true });
    chmodSync(path, 0o600);
    configure(db, sync);
    return db;
  } catch (error) {
    throw new StartError(`The database ${path} cannot be opened: ${(error as Error).message}.`);
  }
}

/**
 * Configures a connection. The busy timeout is set first, because it also applies to the change of
 * the journal mode.
 */
export function configure(db: Database, sync: Sync): void {
  db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  db.run("PRAGMA journal_mode = WAL");
  db.run(`PRAGMA synchronous = ${sync === "full" ? "FULL" : "NORMAL"}`);
  db.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  db.run(`PRAGMA cache_size = -${CACHE_KIB}`);
  db.run("PRAGMA journal_size_limit = 67108864");
  db.run("PRAGMA temp_store = MEMORY");
}

/**
 * Locks a data directory for this process. The lock is an open transaction on a separate small
 * database, for two reasons: the operating system releases it however the process ends, and
 * commands that add a row (`token create`) can still write the data. Throws `StartError` if another
 * server holds the lock.
 */
export function lockDataDir(dataDir: string): { release(): void } {
  const db = new Database(join(dataDir, LOCK_FILE), { create: true });
  try {
    db.run("PRAGMA busy_timeout = 0");
    db.run("PRAGMA journal_mode = DELETE");
    db.run("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (/locked|busy/i.test((error as Error).message)) {
      throw new StartError(
        `The data directory ${dataDir} is already in use by another boathook. Stop that process or set another data-dir.`,
      );
    }
    throw new StartError(`The data directory ${dataDir} cannot be locked: ${(error as Error).message}.`);
  }
  return { release: () => db.close() };
}

/**
 * Returns the 32-byte key that encrypts secrets at rest: the configured key, or the key in the key
 * file. The key file is created with mode 0600 on first use.
 */
export function encryptionKey(dataDir: string, configured: string | null): Uint8Array {
  if (configured !== null) return Buffer.from(configured, "hex");
  const path = join(dataDir, KEY_FILE);
  if (!existsSync(path)) {
    if (existsSync(join(dataDir, DATABASE_FILE))) {
      throw new StartError(
        `The key file ${path} is missing, but the directory contains data. Restore the file or set encryption-key (BOATHOOK_ENCRYPTION_KEY).`,
      );
    }
    // With "wx", the call fails if another process has just created the file.
    writeFileSync(path, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  }
  const text = readFileSync(path, "utf8").trim();
  if (!/^[0-9a-f]{64}$/i.test(text))
    throw new StartError(`The key file ${path} does not contain 64 hex digits. Restore the original key file.`);
  return Buffer.from(text, "hex");
}
