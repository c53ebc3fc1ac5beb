import { StartError } from "../../../core/start-error.ts";
import type { Database, Session } from "../connection/database.ts";
import { checkSettings } from "./database-settings.ts";
import { migrationError } from "./migration-error.ts";
import { migrations } from "./migrations.ts";

/** The key of the lock under which the schema is changed. */
const LOCK = 7_263_451;
const NO_DATA = "The PostgreSQL database has no data yet. Start `boathook serve` on it first, or set another store.";

/**
 * Migrates the database to the newest schema, in one transaction. Other instances that start at the
 * same time wait. Throws `StartError` if the database cannot hold the data, if a newer version of the
 * server has changed the schema, or if there are no tables and `creates` is false.
 */
export async function migrate(database: Database, creates: boolean): Promise<void> {
  const session = await database.session();
  try {
    await checkSettings(session);
    await session.run("BEGIN");
    await migrateIn(session, creates);
    await session.commit();
  } catch (error) {
    session.end("close");
    throw migrationError(error);
  }
  session.end("release");
}

async function migrateIn(session: Session, creates: boolean): Promise<void> {
  await session.all("SELECT pg_advisory_xact_lock($1)", [LOCK]);
  await session.run("CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)");
  const row = await session.first<{ version: number; hasTables: boolean }>(
    `SELECT version, to_regclass('meta') IS NOT NULL AS "hasTables" FROM schema_version`,
  );
  const version = row?.version ?? 0;
  if (version === 0 && !creates) throw new StartError(NO_DATA);
  if (row?.hasTables === false) throw new StartError(FOREIGN_TABLE);
  refuseNewer(version);
  for (const step of migrations.slice(version)) {
    for (const statement of step) await session.run(statement);
  }
  if (row === null) await session.run("INSERT INTO schema_version VALUES ($1)", [migrations.length]);
  else await session.run("UPDATE schema_version SET version = $1", [migrations.length]);
}

const FOREIGN_TABLE =
  "The PostgreSQL database has a table schema_version of another program. Set store to an empty database.";

function refuseNewer(version: number): void {
  if (version <= migrations.length) return;
  throw new StartError(
    `The PostgreSQL database was written by a newer version of Boathook (schema ${version}; this version supports up to ${migrations.length}). Use the newer version.`,
  );
}
