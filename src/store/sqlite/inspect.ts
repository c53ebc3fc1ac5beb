import { constants, Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { timeOfSeq } from "../../core/id.ts";
import { problemIn } from "./backup/backup-file.ts";
import { databaseFileOf, hasDatabase, noData, refuseLostDatabase } from "./data-dir/data-dir.ts";
import { checkDatabase } from "./data-dir/database.ts";
import { codeOf } from "./data-dir/disk-error.ts";
import { isFileLocked } from "./data-dir/file-lock.ts";
import { freeBytesOf, sizeOf } from "./data-dir/file-size.ts";
import { type KeyState, keyStateOf } from "./encryption/key-state.ts";
import { lastSeq } from "./numbers.ts";
import { openError } from "./open-error.ts";
import { constraints } from "./schema/constraints.ts";
import { schemaVersionOf } from "./schema/migrate.ts";
import { migrations } from "./schema/migrations.ts";

/** Observations of a database, without a change to it. */
export interface StoreReading {
  readonly check: "quick" | "full" | "skipped";
  readonly damage: string | null;
  readonly schemaVersion: number;
  readonly newestSchema: number;
  readonly rulesMissing: number;
  readonly databaseBytes: number;
  readonly walBytes: number;
  readonly freeBytes: number | null;
  readonly newestAt: number | null;
  readonly clockTrust: string | null;
  /** Null if the database could not be read. */
  readonly keyState: KeyState | null;
}

/** Returns whether a server uses the data directory, or null if the system does not show it. */
export function isDataDirInUse(dataDir: string): boolean | null {
  return hasDatabase(dataDir) ? isFileLocked(databaseFileOf(dataDir)) : false;
}

/**
 * Reads the database of a data directory without changing any file, even while a server uses it.
 * Throws `StartError` if it cannot be read.
 */
export async function inspectStore(dataDir: string, isInUse: boolean): Promise<StoreReading> {
  try {
    refuseLostDatabase(dataDir);
    if (!hasDatabase(dataDir)) throw noData(dataDir);
    const path = databaseFileOf(dataDir);
    const freeBytes = await freeBytesOf(dataDir);
    const walBytes = sizeOf(`${path}-wal`);
    if (walBytes > 0 && !existsSync(`${path}-shm`)) return { ...unknown(path, walBytes), freeBytes };
    const db = openUnchanged(path, walBytes > 0);
    try {
      return { ...read(db, dataDir, isInUse), walBytes, freeBytes };
    } finally {
      db.close();
    }
  } catch (error) {
    throw openError(error, dataDir);
  }
}

/**
 * Opens a database so that SQLite writes nothing: neither its files nor the index of the write-ahead
 * log, which usual readers change. Without a log, SQLite would create one, so the file is then read
 * as if it never changes.
 */
function openUnchanged(path: string, hasLog: boolean): Database {
  const encoded = resolve(path).split("/").map(encodeURIComponent).join("/");
  const url = `file:${encoded}?mode=ro&${hasLog ? "readonly_shm=1" : "immutable=1"}`;
  return new Database(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
}

function read(db: Database, dataDir: string, isInUse: boolean): Omit<StoreReading, "walBytes" | "freeBytes"> {
  checkDatabase(db, dataDir, false);
  const keyState = keyStateOf(db);
  if (keyState.fingerprint === null) throw noData(dataDir);
  const schemaVersion = schemaVersionOf(db);
  const damage = damageIn(db, isInUse);
  const isReadable = damage === null && schemaVersion === migrations.length;
  const last = isReadable ? lastSeq(db) : 0;
  return {
    check: isInUse ? "quick" : "full",
    damage,
    schemaVersion,
    newestSchema: migrations.length,
    rulesMissing: isReadable ? rulesMissingIn(db) : 0,
    databaseBytes: bytesOf(db),
    newestAt: last === 0 ? null : timeOfSeq(last),
    clockTrust: isReadable ? metaOf(db, "clock-trust") : null,
    keyState,
  };
}

/** Returns the size of a database together with its log. */
function bytesOf(db: Database): number {
  const sql = "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size";
  return (db.query(sql).get() as { bytes: number }).bytes;
}

function damageIn(db: Database, isInUse: boolean): string | null {
  try {
    return problemIn(db, isInUse ? "quick_check" : "integrity_check");
  } catch (error) {
    if (!codeOf(error).startsWith("SQLITE_CORRUPT")) throw error;
    return (error as Error).message;
  }
}

function metaOf(db: Database, name: string): string | null {
  return db.query<{ value: string }, [string]>("SELECT value FROM meta WHERE name = ?").get(name)?.value ?? null;
}

function rulesMissingIn(db: Database): number {
  const rows = db.query<{ name: string; sql: string }, []>("SELECT name, sql FROM sqlite_schema WHERE type = 'table'");
  const sqls = new Map(rows.all().map(({ name, sql }) => [name, sql]));
  return constraints.filter(({ table, name }) => sqls.get(table)?.includes(`CONSTRAINT ${name} `) === false).length;
}

/** The reading of a database whose log can only be read after it was recovered. */
function unknown(path: string, walBytes: number): Omit<StoreReading, "freeBytes"> {
  const newestSchema = migrations.length;
  return {
    ...{ check: "skipped", damage: null, schemaVersion: newestSchema, newestSchema, rulesMissing: 0 },
    ...{ databaseBytes: sizeOf(path), walBytes, newestAt: null, clockTrust: null, keyState: null },
  };
}
