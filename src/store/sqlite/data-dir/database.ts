import { Database, type Statement } from "bun:sqlite";
import { chmodSync } from "node:fs";
import { StartError } from "../../../core/start-error.ts";
import { FRAME_HEADER_BYTES, WAL_HEADER_BYTES } from "../../../core/wal.ts";
import { hasKeyFile } from "../encryption/key-file.ts";
import { schemaVersionOf } from "../schema/migrate.ts";
import { databaseFileOf, dataDirInUse, lostDatabase } from "./data-dir.ts";
import { type FileLock, FileLocked, lockFile } from "./file-lock.ts";
import { sizeOf } from "./file-size.ts";

export type Sync = "full" | "normal";

/**
 * Size of the write-ahead log, in pages (32 MiB), at which SQLite copies the log into the database.
 */
export const CHECKPOINT_PAGES = 8192;
const CACHE_KIB = 32 * 1024;
/**
 * How long to wait for the write lock, in ms. A command that runs at the same time as the server
 * (`token create`) may hold the lock for a short time.
 */
export const BUSY_TIMEOUT_MS = 2000;

/**
 * Opens the database of a data directory. Creates it if `create` is true. Commits are synced until
 * `setSync` is called. The server creates other files after the database, and these must not
 * survive a power failure that the database does not survive. If `checkpoints` is false, commits of
 * this connection never copy the write-ahead log to the database.
 */
export function openDatabase(
  dataDir: string,
  { create, checkpoints = true }: { readonly create: boolean; readonly checkpoints?: boolean },
): Database {
  const path = databaseFileOf(dataDir);
  const db = new Database(path, { create, readwrite: true, strict: true });
  try {
    if (create) chmodSync(path, 0o600);
    configure(db, "full");
    if (!checkpoints) db.run("PRAGMA wal_autocheckpoint = 0");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * A connection that finalizes its statements when it is closed. If there are any left, the runtime
 * copies the whole write-ahead log to the database and empties it before it closes a connection
 * (Bun 1.4.5). Beside a server with a replica, this would lose what is not shipped yet.
 */
class FinalizingDatabase extends Database {
  readonly #statements: Statement[] = [];

  // biome-ignore lint/suspicious/noExplicitAny: the types of the base class
  override prepare(...args: Parameters<Database["prepare"]>): any {
    const statement = super.prepare(...args);
    this.#statements.push(statement);
    return statement;
  }

  override close(throwOnError?: boolean): void {
    for (const statement of this.#statements.splice(0)) statement.finalize();
    super.close(throwOnError);
  }
}

/**
 * Opens the database of a data directory for a command. A server may be using it, so the connection
 * leaves the write-ahead log alone.
 */
export function openBeside(dataDir: string): Database {
  const db = new FinalizingDatabase(databaseFileOf(dataDir), { create: false, readwrite: true, strict: true });
  try {
    configure(db, "full");
    db.run("PRAGMA wal_autocheckpoint = 0");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Configures a connection. The busy timeout is set first, because it also applies to the change of
 * the journal mode.
 */
export function configure(db: Database, sync: Sync): void {
  db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  db.run("PRAGMA journal_mode = WAL");
  setSync(db, sync);
  db.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  db.run(`PRAGMA cache_size = -${CACHE_KIB}`);
  db.run("PRAGMA journal_size_limit = 67108864");
  db.run("PRAGMA temp_store = MEMORY");
}

export function setSync(db: Database, sync: Sync): void {
  db.run(`PRAGMA synchronous = ${sync === "full" ? "FULL" : "NORMAL"}`);
}

/**
 * Locks the database file for this server. The lock file alone is not enough, because somebody may
 * delete it. The lock must be taken before the database is opened and released after it is closed.
 */
export function lockDatabase(dataDir: string): FileLock {
  try {
    return lockFile(databaseFileOf(dataDir));
  } catch (error) {
    throw error instanceof FileLocked ? dataDirInUse(dataDir) : error;
  }
}

/**
 * Throws `StartError` if the database belongs to another program, is truncated, or has lost its
 * tables although a key file for it exists. `isNew` means that the file was missing or empty. Must
 * be called only by the server: when it starts, no other process writes the database.
 */
export function checkDatabase(db: Database, dataDir: string, isNew: boolean): void {
  const path = databaseFileOf(dataDir);
  const { tables, hasMeta } = db
    .query<{ tables: number; hasMeta: number }, []>(
      "SELECT COUNT(*) AS tables, TOTAL(name = 'meta') AS hasMeta FROM sqlite_schema WHERE type = 'table'",
    )
    .get()!;
  const version = schemaVersionOf(db);
  if (tables === 0 && !isNew && hasKeyFile(dataDir)) throw lostDatabase(path, "is empty");
  if (tables > 0 && (version === 0 || hasMeta === 0)) {
    throw new StartError(`The database ${path} was not created by Boathook. Set another data-dir.`);
  }
  const missing = missingPages(db, path);
  if (missing > 0) {
    throw new StartError(
      `The database ${path} is incomplete: at least ${missing} of its pages are missing at the end. Restore it from a backup.`,
    );
  }
}

/**
 * Returns the number of pages that are neither in the file nor in the write-ahead log. After a
 * crash during a checkpoint, the log contains all pages that the file lacks.
 */
function missingPages(db: Database, path: string): number {
  const { page_count: pages } = db.query<{ page_count: number }, []>("PRAGMA page_count").get()!;
  const { page_size: pageBytes } = db.query<{ page_size: number }, []>("PRAGMA page_size").get()!;
  const inFile = Math.floor(sizeOf(path) / pageBytes);
  const logBytes = sizeOf(`${path}-wal`) - WAL_HEADER_BYTES;
  const inLog = Math.max(0, Math.floor(logBytes / (pageBytes + FRAME_HEADER_BYTES)));
  return pages - inFile - inLog;
}
