import type { DatabaseState } from "../database-state.ts";
import { StoreUnavailable } from "../index.ts";
import { KeyBox } from "../sql/secret-box.ts";
import { Database, type Queries } from "./connection/database.ts";
import { messageOf } from "./connection/errors.ts";
import { keyStateOf } from "./encryption/keys.ts";
import { type DividedTable, dividedTables } from "./housekeeping/days.ts";
import { DATABASE_TIME } from "./instances/instance-row.ts";
import { migrations } from "./schema/migrations.ts";
import { databaseState } from "./survey/database-state.ts";

/** Time limit of each statement, in ms. */
const STATEMENT_MS_MAX = 20_000;
/** How often the clock of the server is read. The fastest response is the most precise one. */
const CLOCK_SAMPLES = 5;

export interface ServerReading {
  readonly version: string;
  /** Major version, such as 15. */
  readonly major: number;
  readonly encoding: string;
  /** Whether nothing can be written, because it is a standby or the database is read-only. */
  readonly isReadOnly: boolean;
  /** The settings that may lose commits, such as `fsync = off`. */
  readonly unsafe: readonly string[];
  /** The schema in which tables are created, or null if there is none. */
  readonly schema: string | null;
  readonly mayCreate: boolean;
  /** Whether sessions of all users are visible. */
  readonly seesAllSessions: boolean;
  readonly databaseBytes: number;
}

/** What is known about the tables. */
export interface TablesReading {
  /** Whether another user owns tables of the store, so that they cannot be changed. */
  readonly isForeign: boolean;
  readonly keyFits: boolean;
  /** Whether a rotation of the key was begun and has not finished. */
  readonly isRotating: boolean;
  /** Day tables that are missing although others of their day exist, such as `attempt_20000`. */
  readonly missing: readonly string[];
  /** The oldest day that has a day table, as the number of days since 1970, or null. */
  readonly oldestDay: number | null;
  readonly state: DatabaseState;
}

/** Observations of a database, without a change to it. */
export interface DatabaseReading {
  readonly server: ServerReading;
  /** By how much the server's clock is ahead of this machine's, in ms. It may differ by `clockErrorMs`. */
  readonly clockAheadMs: number;
  readonly clockErrorMs: number;
  /** 0 if the tables have not been created yet. */
  readonly schemaVersion: number;
  readonly newestSchema: number;
  /** Null unless the schema is that of this version. */
  readonly tables: TablesReading | null;
}

export interface InspectOptions {
  readonly url: string;
  readonly encryptionKey: string;
  /** The clock of this machine, in ms since the Unix epoch. */
  readonly now: () => number;
}

/** Reads the state of a database in one transaction that changes nothing. Rejects with `StoreUnavailable`. */
export async function inspectDatabase({ url, encryptionKey, now }: InspectOptions): Promise<DatabaseReading> {
  const database = new Database({ url, readersMax: 1, prepare: false });
  try {
    const session = await database.session();
    try {
      await session.run("BEGIN READ ONLY");
      await session.run(`SET LOCAL statement_timeout = ${STATEMENT_MS_MAX}`);
      return await read(session, encryptionKey, now);
    } finally {
      session.end("close");
    }
  } catch (error) {
    const { cause = error } = error as Error;
    throw new StoreUnavailable(messageOf(cause), { cause });
  } finally {
    await database.close();
  }
}

async function read(queries: Queries, encryptionKey: string, now: () => number): Promise<DatabaseReading> {
  const server = (await queries.first<ServerReading>(SERVER))!;
  const clock = await clockDifference(queries, now);
  const exists = await queries.first<{ found: boolean }>("SELECT to_regclass('schema_version') IS NOT NULL AS found");
  const row = exists!.found ? await queries.first<{ version: number }>("SELECT version FROM schema_version") : null;
  const [schemaVersion, newestSchema] = [row?.version ?? 0, migrations.length];
  const tables = schemaVersion === newestSchema ? await readTables(queries, encryptionKey) : null;
  return { server, ...clock, schemaVersion, newestSchema, tables };
}

const isOff = (setting: string) => `current_setting('${setting}') = 'off'`;

const SERVER = `SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
    current_setting('server_version_num')::integer / 10000 AS major,
    current_setting('server_encoding') AS encoding,
    pg_is_in_recovery() OR NOT ${isOff("default_transaction_read_only")} AS "isReadOnly",
    ARRAY(SELECT name || ' = off' FROM (VALUES ('fsync', ${isOff("fsync")}),
      ('full_page_writes', ${isOff("full_page_writes")}),
      ('synchronous_commit', ${isOff("synchronous_commit")})) AS s(name, is_off) WHERE is_off) AS unsafe,
    current_schema() AS schema,
    COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false) AS "mayCreate",
    pg_has_role('pg_read_all_stats', 'USAGE') AS "seesAllSessions",
    pg_database_size(current_database()) AS "databaseBytes"`;

async function clockDifference(queries: Queries, now: () => number) {
  let best = { clockAheadMs: 0, clockErrorMs: Number.POSITIVE_INFINITY };
  for (let sample = 0; sample < CLOCK_SAMPLES; sample++) {
    const sentAt = now();
    const { time } = (await queries.first<{ time: number }>(`SELECT ${DATABASE_TIME}`))!;
    const errorMs = (now() - sentAt) / 2;
    if (errorMs < best.clockErrorMs) best = { clockAheadMs: time - sentAt - errorMs, clockErrorMs: errorMs };
  }
  return best;
}

async function readTables(queries: Queries, encryptionKey: string): Promise<TablesReading> {
  const owners = await queries.first<{ count: number }>(
    `SELECT count(*) AS count FROM pg_class WHERE relnamespace = current_schema()::regnamespace
       AND relname IN ('pending', 'message') AND NOT pg_has_role(relowner, 'USAGE')`,
  );
  const { fingerprint, previous } = await keyStateOf(queries);
  const { missing, oldestDay } = await dayTables(queries);
  return {
    isForeign: owners!.count > 0,
    keyFits: fingerprint === null || fingerprint === new KeyBox(encryptionKey).fingerprint,
    isRotating: previous !== null,
    ...{ missing, oldestDay, state: await databaseState(queries, null) },
  };
}

async function dayTables(queries: Queries): Promise<Pick<TablesReading, "missing" | "oldestDay">> {
  const rows = await queries.all<{ table: DividedTable; name: string }>(
    `SELECT p.relname AS table, c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     JOIN pg_class p ON p.oid = i.inhparent
     WHERE p.relnamespace = current_schema()::regnamespace AND p.relname = ANY ($1::text[])`,
    [`{${dividedTables.join(",")}}`],
  );
  const found = new Set(rows.map(({ name }) => name));
  const dayOf = ({ table, name }: (typeof rows)[number]) => Number(name.slice(table.length + 1));
  const days = rows.map(dayOf).toSorted((one, other) => one - other);
  // Attempts may be dropped earlier or later than their messages.
  const missing = rows
    .filter(({ table }) => table === "message")
    .map((row) => `ended_${dayOf(row)}`)
    .filter((name) => !found.has(name));
  return { missing: missing.toSorted(), oldestDay: days[0] ?? null };
}
