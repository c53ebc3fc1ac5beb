import { SQL } from "bun";
import { createDatabase } from "./create-database.ts";

/**
 * URL of a database whose user may create others. With it, the servers of the tests have their data in
 * PostgreSQL, as in `bun run test:postgres`. Without it, they have them in SQLite. The second variable may name
 * a database with the tables of a store, of which the servers get copies.
 */
const { TEST_POSTGRES: postgres, TEST_POSTGRES_TEMPLATE: template } = process.env;

export const isOnPostgres = postgres !== undefined;

/** Returns the settings of servers and commands with their data in a database, as variables. */
export function databaseSettings(url: string): Readonly<Record<string, string>> {
  return { BOATHOOK_STORE: url, BOATHOOK_ENCRYPTION_KEY: "00".repeat(32) };
}

/** The data of one server in PostgreSQL. */
export interface ServerDatabase {
  /** The settings for the server and its commands, as variables. */
  readonly env: Readonly<Record<string, string>>;
  run(statement: string): Promise<void>;
  /** Ends the leases of all instances, as if a killed one had been dead for long. */
  endLeases(): Promise<void>;
  /** Returns all values that are stored, as bytes. */
  values(): Promise<Buffer[]>;
  drop(): Promise<void>;
}

/** Creates a database for a server, or returns null if its data are to be in SQLite. */
export async function createServerDatabase(): Promise<ServerDatabase | null> {
  if (postgres === undefined) return null;
  const name = `server_${crypto.randomUUID().replaceAll("-", "")}`;
  await runIn(postgres, (sql) => createDatabase(sql, name, template));
  const url = new URL(postgres);
  url.pathname = `/${name}`;
  return {
    env: databaseSettings(url.href),
    run: (statement) => runIn(url.href, (sql) => sql.unsafe(statement)).then(() => {}),
    endLeases: () => runIn(url.href, (sql) => sql`UPDATE instance SET expires_at = '-infinity'`).then(() => {}),
    values: () => runIn(url.href, allValues),
    drop: () => runIn(postgres, (sql) => sql.unsafe(`DROP DATABASE ${name} WITH (FORCE)`)).then(() => {}),
  };
}

async function runIn<Result>(url: string, use: (sql: SQL) => Promise<Result>): Promise<Result> {
  await using sql = new SQL(url, { max: 1 });
  return await use(sql);
}

async function allValues(sql: SQL): Promise<Buffer[]> {
  const tables: Array<{ name: string }> =
    await sql`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`;
  const values: Buffer[] = [];
  for (const { name } of tables) {
    const rows: Array<Record<string, unknown>> = await sql.unsafe(`SELECT * FROM ${name}`);
    for (const value of rows.flatMap(Object.values)) {
      values.push(value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(JSON.stringify(value)));
    }
  }
  return values;
}
