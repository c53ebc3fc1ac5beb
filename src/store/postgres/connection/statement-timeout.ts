import type { ReservedSQL } from "bun";
import { stateOf } from "./errors.ts";
import { execute } from "./queries.ts";

/** SQLSTATEs of statements that exceed a timeout. */
const EXCEEDED = { lock_timeout: "55P03", statement_timeout: "57014" } as const;

/** `$1` is the name of a setting, and `$2` a number of ms. 0 means no timeout. */
const LOWER = `SELECT set_config(name, $2::text, false) FROM pg_settings
  WHERE name = $1::text AND (setting = '0' OR setting::integer > $2::text::integer)`;

/**
 * A timeout with which the server ends a statement of a connection before this process gives up the
 * connection. Otherwise each retry would leave a process of the server behind that still waits.
 */
export interface StatementTimeout {
  readonly setting: keyof typeof EXCEEDED;
  readonly ms: number;
}

/** Sets a timeout for a connection, unless the operator of the server has set a lower one. Returns whether it was set. */
export async function setTimeoutOf(reserved: ReservedSQL, { setting, ms }: StatementTimeout): Promise<boolean> {
  return (await execute(reserved, LOWER, [setting, String(Math.ceil(ms))])).length > 0;
}

/** Returns whether an error means that a statement has exceeded this timeout. */
export const hasExceeded = (error: unknown, { setting }: StatementTimeout): boolean =>
  stateOf(error) === EXCEEDED[setting];
