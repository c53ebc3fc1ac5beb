import { Database } from "bun:sqlite";
import { databaseFileOf } from "../data-dir/data-dir.ts";
import { BUSY_TIMEOUT_MS } from "../data-dir/database.ts";
import { codeOf } from "../data-dir/disk-error.ts";

/**
 * A second connection to the database of a server with a replica. While it is open, closing another
 * connection neither checkpoints nor deletes the write-ahead log.
 */
export class LogGuard {
  #db: Database | null = null;

  constructor(private readonly dataDir: string) {}

  open(): void {
    if (this.#db !== null) return;
    const db = new Database(databaseFileOf(this.dataDir), { create: false, readwrite: true, strict: true });
    this.#db = db;
    // Another process that closes the database holds locks for a moment.
    db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    db.run("PRAGMA wal_autocheckpoint = 0");
    db.run("PRAGMA cache_size = -256");
    // Opens the log, and recovers it after a crash.
    db.query("SELECT COUNT(*) FROM sqlite_schema").get();
    // `exclusively` must not wait.
    db.run("PRAGMA busy_timeout = 0");
  }

  /**
   * Runs `work` while no process can commit. Returns false without a call if another process writes
   * at the moment.
   */
  exclusively(work: () => void): boolean {
    const db = this.#db!;
    try {
      db.run("BEGIN IMMEDIATE");
    } catch (error) {
      if (codeOf(error).startsWith("SQLITE_BUSY")) return false;
      throw error;
    }
    try {
      work();
    } finally {
      db.run("ROLLBACK");
    }
    return true;
  }

  /**
   * Copies the log to the database and empties it, unless a connection is reading. A server that stops
   * cannot rely on the end of its own connection for that, because statements that are not finalized
   * keep it open until the process ends.
   */
  emptyLog(): void {
    this.#db?.query("PRAGMA wal_checkpoint(TRUNCATE)").get();
  }

  close(): void {
    this.#db?.close();
    this.#db = null;
  }
}
