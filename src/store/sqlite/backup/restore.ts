import { Database } from "bun:sqlite";
import { existsSync, promises, realpathSync, statSync } from "node:fs";
import { StartError } from "../../../core/start-error.ts";
import { restoreFileOf } from "../data-dir/data-dir.ts";
import { codeOf, isDamage } from "../data-dir/disk-error.ts";
import { keyFingerprintOf } from "../encryption/key-state.ts";
import { openError } from "../open-error.ts";
import { BACKUP_TABLE } from "./backup-file.ts";
import { copyFile } from "./copy-file.ts";
import { requireSpace } from "./disk-space.ts";
import { refuseData, restoreInto, type WrittenDatabase } from "./restore-target.ts";
import { prepareRestored, type RestoreOptions } from "./restored-database.ts";

/** The header of an SQLite database begins with `MAGIC`. The other positions are those of its fields. */
const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const PAGE_BYTES_AT = 16;
const PAGES_AT = 28;

export interface RestoreRequest extends RestoreOptions {
  readonly file: string;
}

export interface Restored extends WrittenDatabase {
  /** Instant of the backup, in ms. */
  readonly createdAt: number;
  readonly schemaVersion: number;
}

/**
 * Creates the data of a server from a backup. Throws `StartError` and leaves the directory as it was
 * if the backup cannot be restored.
 */
export async function restoreBackup(request: RestoreRequest): Promise<Restored> {
  const { file, dataDir } = request;
  try {
    refuseData(dataDir);
    if (existsSync(file) && existsSync(dataDir) && realpathSync(file) === restoreFileOf(realpathSync(dataDir))) {
      throw new StartError(`The restore writes to ${file} itself. Move the backup to another path.`);
    }
  } catch (error) {
    throw openError(error, dataDir);
  }
  const backup = await openBackup(file);
  try {
    return await restoreInto(dataDir, async (temporary) => {
      try {
        const { size } = await backup.stat();
        await refuseIncomplete(backup, file, size);
        await requireSpace(temporary, size, "The restored database");
        await copyFile(backup, temporary, size);
        return prepareCopy(temporary, request);
      } catch (error) {
        if (isDamage(error)) throw notABackup(file);
        throw error;
      }
    });
  } finally {
    await backup.close();
  }
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

/** Checks the copied backup and turns it into the database of a server. */
function prepareCopy(path: string, request: RestoreRequest) {
  const { file } = request;
  const db = new Database(path, { create: false, readwrite: true, strict: true });
  try {
    // The caller syncs the file. The key must not remain in a page that is no longer used.
    for (const pragma of ["synchronous = OFF", "secure_delete = ON", "journal_mode = MEMORY"])
      db.run(`PRAGMA ${pragma}`);
    const values = backupValues(db, file);
    const source = {
      name: `The backup ${file}`,
      key: values.get("encryption-key") ?? null,
      remedy: "Use another backup.",
    };
    const prepared = prepareRestored(db, source, request);
    db.run(`DROP TABLE ${BACKUP_TABLE}`);
    return { ...prepared, createdAt: Number(values.get("created-at")) };
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
