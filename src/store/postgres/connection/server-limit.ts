import type { ReservedSQL, SQL } from "bun";
import { execute } from "./queries.ts";

export type Limit = <T>(response: Promise<T>) => Promise<T>;

/** `$1` is the name of a setting, and `$2` a number of ms. 0 means no limit. */
const LOWER = `SELECT set_config(name, $2::text, false) FROM pg_settings
  WHERE name = $1::text AND (setting = '0' OR setting::integer > $2::text::integer)`;

/**
 * A limit of the server for each statement of a connection. It ends a statement before this process gives up the
 * connection. Otherwise each retry would leave a process of the server behind that still waits.
 */
export interface ServerLimit {
  readonly setting: "lock_timeout" | "statement_timeout";
  readonly ms: number;
}

/**
 * Reserves a connection. Sets a limit for it, unless the operator of the server has set a lower one. `limited`
 * rejects if a response does not arrive in time.
 */
export async function reserve(pool: SQL, limit: ServerLimit | null, limited: Limit): Promise<ReservedSQL> {
  const reserved = await pool.reserve();
  if (limit === null) return reserved;
  try {
    await limited(execute(reserved, LOWER, [limit.setting, String(Math.ceil(limit.ms))]));
    return reserved;
  } catch (error) {
    reserved.close().catch(() => {});
    throw error;
  }
}
