import { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../../core/start-error.ts";

export type Sync = "full" | "normal";

const DATABASE_FILE = "boathook.db";
const LOCK_FILE = "boathook.lock";
const KEY_FILE = "encryption.key";

/** Pages of the write-ahead log after which SQLite copies them into the database: 32 MiB, so that this is seldom on a busy server. */
const CHECKPOINT_PAGES = 8192;
const CACHE_KIB = 32 * 1024;
/** A second process (`token create`) may hold the write lock for a moment. */
const BUSY_TIMEOUT_MS = 2000;

/** Makes the directory (mode 0700) unless it exists. Throws a `StartError` when it cannot be used. */
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

/** The settings of every connection. Order matters: the journal mode is changed under the busy timeout. */
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
 * Takes sole ownership of a data directory for the life of this process. The lock is a transaction held open on a small
 * database of its own: the operating system gives it back however the process ends, and commands that only add a row
 * (`token create`) still reach the data. Throws a `StartError` when another server holds it.
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
        `The data directory ${dataDir} is in use by another boathook: stop it, or set another data-dir.`,
      );
    }
    throw new StartError(`The data directory ${dataDir} cannot be locked: ${(error as Error).message}.`);
  }
  return { release: () => db.close() };
}

/** The 32-byte key for secrets at rest: the configured one, or that of the key file, made at first use with mode 0600. */
export function encryptionKey(dataDir: string, configured: string | null): Uint8Array {
  if (configured !== null) return Buffer.from(configured, "hex");
  const path = join(dataDir, KEY_FILE);
  if (!existsSync(path)) {
    if (existsSync(join(dataDir, DATABASE_FILE))) {
      throw new StartError(
        `The key file ${path} is missing but the directory holds data: put it back, or set encryption-key (BOATHOOK_ENCRYPTION_KEY).`,
      );
    }
    // "wx": of two processes that start at once only one makes the key.
    writeFileSync(path, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  }
  const text = readFileSync(path, "utf8").trim();
  if (!/^[0-9a-f]{64}$/i.test(text))
    throw new StartError(`The key file ${path} does not contain 64 hex digits. Restore the original key file.`);
  return Buffer.from(text, "hex");
}
