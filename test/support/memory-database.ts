import { Database } from "bun:sqlite";
import { configure } from "../../src/store/sqlite/data-dir/database.ts";
import { addConstraints } from "../../src/store/sqlite/schema/constraints.ts";
import { migrate } from "../../src/store/sqlite/schema/migrate.ts";

/** A database with all tables and constraints and without rows, as bytes. */
let emptyDatabase: Uint8Array | null = null;

/**
 * Returns the file of a database with all tables and constraints and without rows. A store that opens a copy
 * need not create them one by one, which takes more CPU time than most tests.
 */
export function emptyDatabaseFile(): Uint8Array {
  emptyDatabase ??= makeEmptyDatabase();
  return emptyDatabase;
}

/** Returns a new database in memory, with all tables and constraints. */
export function memoryDatabase(): Database {
  return Database.deserialize(emptyDatabaseFile(), { strict: true });
}

function makeEmptyDatabase(): Uint8Array {
  using db = new Database(":memory:", { strict: true });
  configure(db, "full");
  migrate(db);
  addConstraints(db);
  return db.serialize();
}
