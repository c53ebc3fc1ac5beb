import type { Database } from "bun:sqlite";
import { existsSync, promises } from "node:fs";
import { frameOffset, parseWalHeader, WAL_HEADER_BYTES } from "../../../core/wal.ts";
import type { Clock } from "../../../ports.ts";
import { databaseFileOf, noData } from "../data-dir/data-dir.ts";
import { CHECKPOINT_PAGES, openBeside, setSync } from "../data-dir/database.ts";
import { isDiskError } from "../data-dir/disk-error.ts";
import { hasKeyFingerprint } from "../encryption/key-state.ts";
import { hasReplica } from "../replica/local-state.ts";
import { WalSource } from "../replica/wal-source.ts";
import { copyFile, type FileHandle, FULL_SPEED } from "./copy-file.ts";
import { CopyPace, logGrowthMax } from "./copy-pace.ts";
import { DiskGuard } from "./disk-space.ts";

/** The log can be restarted only once during a copy, so a third try never fails. */
const LOG_TRIES = 3;

/**
 * Copies the database of a data directory, which a server may be using, to the empty file `to` and
 * its write-ahead log to `<to>-wal`. SQLite opens the pair as one database. The copy contains every
 * transaction that was committed before the call. With a clock, the copy is slow while the server
 * commits; without one, it is made at full speed.
 *
 * An open read transaction makes this safe: until it ends, the log is not restarted, and only pages
 * that the log contained when it began are written to the database file. A page that is torn in the
 * copy is therefore replaced from the copied log, which needs no later frames. If the transaction
 * begins when all of the log is in the database file, the log may be restarted once, but then nothing
 * is written to the database file.
 *
 * The caller must not have the database open in this process, because closing a file drops the
 * locks that SQLite holds on it.
 */
export async function copyDatabase(
  dataDir: string,
  to: string,
  clock: Pick<Clock, "steady" | "after"> | null = null,
): Promise<void> {
  const path = databaseFileOf(dataDir);
  const db = openBeside(dataDir);
  const files: { close(): unknown }[] = [];
  try {
    if (!hasKeyFingerprint(db)) throw noData(dataDir);
    setSync(db, "normal");
    writeToLog(db);
    db.run("BEGIN");
    db.query("SELECT COUNT(*) FROM sqlite_schema").get();
    const database = await promises.open(path, "r");
    files.push(database);
    const source = existsSync(`${path}-wal`) ? WalSource.open(path) : null;
    if (source !== null) {
      files.push(source);
      const log = await promises.open(`${path}-wal`, "r");
      files.push(log);
      await copyLog(log, source, `${to}-wal`);
    }
    const { size } = await database.stat();
    const growthMax = logGrowthMax(size, hasReplica(dataDir));
    const pace = source === null || clock === null ? FULL_SPEED : new CopyPace(clock, () => source.head(), growthMax);
    const guard = await DiskGuard.of(dataDir);
    await copyFile(database, to, size, guard.guarded(pace));
    db.run("COMMIT");
    if (source !== null && source.head().frames > CHECKPOINT_PAGES) shortenLog(db, dataDir);
  } finally {
    db.close();
    for (const file of files) await file.close();
  }
}

/**
 * Makes sure that the log is not empty. While a transaction reads an empty log, each commit of the
 * server would prepare a checkpoint that cannot be made. The copy is correct without this write.
 */
function writeToLog(db: Database): void {
  try {
    db.run("UPDATE meta SET value = value WHERE name = 'id-seed'");
  } catch (error) {
    // A backup must be possible if the disk is full or read-only.
    if (!isDiskError(error)) throw error;
  }
}

/**
 * Copies what is committed of the log. Starts again if the server has restarted the log during the
 * copy.
 */
async function copyLog(log: FileHandle, source: WalSource, to: string): Promise<void> {
  for (let tries = 0; tries < LOG_TRIES; tries++) {
    const head = source.head();
    if (head.frames === 0) return;
    await copyFile(log, to, frameOffset(head.frames, head.pageBytes));
    const { salt1, salt2 } = parseWalHeader(await headerOf(log)) ?? {};
    if (salt1 === head.salt1 && salt2 === head.salt2) return;
  }
  throw new Error("The write-ahead log was restarted during the backup.");
}

async function headerOf(log: FileHandle): Promise<Buffer> {
  const header = Buffer.alloc(WAL_HEADER_BYTES);
  await log.read(header, 0, WAL_HEADER_BYTES, 0);
  return header;
}

/**
 * Copies the log to the database, so that the server, which would stop for the time that this takes,
 * does not have to. With a replica, only the server knows what may be copied.
 */
function shortenLog(db: Database, dataDir: string): void {
  if (hasReplica(dataDir)) return;
  try {
    // The second time, only what the server has committed since is left.
    for (let i = 0; i < 2; i++) db.query("PRAGMA wal_checkpoint(PASSIVE)").get();
  } catch (error) {
    // The server copies the log later.
    if (!isDiskError(error)) throw error;
  }
}
