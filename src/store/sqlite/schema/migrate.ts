import type { Database } from "bun:sqlite";
import { StartError } from "../../../core/start-error.ts";
import { migrations } from "./migrations.ts";

/** Throws `StartError` if a schema is newer than this version of the program. */
export function refuseNewerSchema(version: number, what = "The data directory"): void {
  if (version <= migrations.length) return;
  throw new StartError(
    `${what} was written by a newer version of Boathook (schema ${version}; this version supports up to ${migrations.length}). Use the newer version or restore an older backup.`,
  );
}

/** Returns the number of the migration that ran last. 0 for a new database. */
export function schemaVersionOf(db: Database): number {
  return (db.query("PRAGMA user_version").get() as { user_version: number }).user_version;
}

/**
 * Migrates the database to the newest schema. Throws `StartError` if a newer version of the server
 * has written the database.
 */
export function migrate(db: Database): void {
  const version = schemaVersionOf(db);
  refuseNewerSchema(version);
  for (let step = version; step < migrations.length; step++) {
    db.transaction(() => {
      db.run(migrations[step]!);
      db.run(`PRAGMA user_version = ${step + 1}`);
    }).immediate();
  }
}
