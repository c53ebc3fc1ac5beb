import { StartError } from "../../../core/start-error.ts";
import type { Database, Session } from "../connection/database.ts";
import { isOutage, messageOf, stateOf, unavailable } from "../connection/errors.ts";
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
    throw startErrorOf(error);
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

/** Throws `StartError` if the database was created with settings that do not suit the data. */
async function checkSettings(session: Session): Promise<void> {
  const settings = await session.first<{ encoding: string; isolation: string }>(
    `SELECT current_setting('server_encoding') AS encoding, current_setting('default_transaction_isolation') AS isolation`,
  );
  const { encoding, isolation } = settings!;
  if (encoding !== "UTF8") {
    throw new StartError(
      `The encoding of the PostgreSQL database is ${encoding}, which cannot hold all texts. Set store to a database with the encoding UTF8.`,
    );
  }
  if (isolation !== "read committed") {
    throw new StartError(
      `default_transaction_isolation is ${isolation} in the PostgreSQL database, with which instances undo each other's transactions. Set it to read committed for the database or its user.`,
    );
  }
}

/** SQLSTATEs of names in the schema that something else has, or that differ from ours. */
const OTHER_TABLES = /^42(P07|703|710|723|804|809)$/;

/** Returns the error to show if the server refused a statement of the migration. */
function startErrorOf(error: unknown): unknown {
  const [state, message] = [stateOf(error), messageOf(error)];
  if (OTHER_TABLES.test(state)) {
    return new StartError(
      `The PostgreSQL database has tables of another program (${message}). Set store to an empty database.`,
    );
  }
  if (state === "42501" || state === "3F000") {
    return new StartError(
      `The tables cannot be created or changed in the PostgreSQL database (${message}). Allow the user in store to create tables in a schema of its search_path.`,
    );
  }
  return isOutage(error) ? unavailable(error, "No table was created or changed.") : error;
}

function refuseNewer(version: number): void {
  if (version <= migrations.length) return;
  throw new StartError(
    `The PostgreSQL database was written by a newer version of Boathook (schema ${version}; this version supports up to ${migrations.length}). Use the newer version.`,
  );
}
