import type { ReservedSQL } from "bun";
import { stateOf } from "./errors.ts";
import { execute } from "./queries.ts";
import { OWN_PROCESS, type ServerProcess } from "./server-process.ts";

/** SQLSTATEs of statements that exceed a limit. */
const EXCEEDED = { lock_timeout: "55P03", statement_timeout: "57014" } as const;

/** `$1` is the name of a setting, and `$2` a number of ms. 0 means no limit. */
const LOWER = `SELECT set_config(name, $2::text, false) FROM pg_settings
  WHERE name = $1::text AND (setting = '0' OR setting::integer > $2::text::integer)`;

/**
 * A limit of the server for each statement of a connection. It ends a statement before this process gives up the
 * connection. Otherwise each retry would leave a process of the server behind that still waits.
 */
export interface ServerLimit {
  readonly setting: keyof typeof EXCEEDED;
  readonly ms: number;
}

/** Sets a limit for a connection, unless the operator of the server has set a lower one. Returns whether it was set. */
export async function lower(reserved: ReservedSQL, { setting, ms }: ServerLimit): Promise<boolean> {
  return (await execute(reserved, LOWER, [setting, String(Math.ceil(ms))])).length > 0;
}

/** Returns the process of the server that serves a connection, or null if that is unknown. */
export async function processOf(reserved: ReservedSQL): Promise<ServerProcess | null> {
  const [row] = await execute(reserved, OWN_PROCESS, []);
  return (row as ServerProcess | undefined) ?? null;
}

/** Returns whether an error means that a statement has exceeded this limit. */
export const hasExceeded = (error: unknown, { setting }: ServerLimit): boolean => stateOf(error) === EXCEEDED[setting];
