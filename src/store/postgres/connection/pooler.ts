import { SQL } from "bun";
import { databaseNameIn } from "../../../core/database-url.ts";
import { CONNECT_TIMEOUT_SECONDS } from "./database.ts";
import { unavailable } from "./errors.ts";

/** Number of connections that are compared with the one before. */
const TRIES = 2;

/**
 * Returns whether connections to the server go through a pooler such as PgBouncer, which runs each
 * transaction on any of its own connections. Statements that are prepared on one of them do not exist on
 * another, or a different one has the same name there.
 *
 * A pooler does not say so. But a new connection through it is served by a process of the server that
 * already ran, while without a pooler the server starts a process for it. A pooler that just then has no
 * idle process is not found, hence the second try.
 */
export async function isPooled(url: string): Promise<boolean> {
  let since: string | null = null;
  for (let i = 0; i <= TRIES; i++) {
    const { isOlder, now } = await connectOnce(url, since);
    if (isOlder) return true;
    since = now;
  }
  return false;
}

interface Sight {
  /** Whether the process of the server is older than `since`. */
  readonly isOlder: boolean | null;
  /** The time of the server. */
  readonly now: string;
}

async function connectOnce(url: string, since: string | null): Promise<Sight> {
  const options = { adapter: "postgres", max: 1, prepare: false, database: databaseNameIn(url) } as const;
  let sql: SQL | null = null;
  try {
    // Throws if a parameter in the URL is invalid.
    sql = new SQL(url, { ...options, connectionTimeout: CONNECT_TIMEOUT_SECONDS });
    const [row] = await sql.unsafe(
      `SELECT backend_start < $1::timestamptz AS "isOlder", clock_timestamp()::text AS now
       FROM pg_stat_activity WHERE pid = pg_backend_pid()`,
      [since],
    );
    return row as Sight;
  } catch (error) {
    throw unavailable(error, "Nothing was read.");
  } finally {
    await sql?.close();
  }
}
