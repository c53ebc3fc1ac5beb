/** PgBouncer, a pooler of connections to PostgreSQL, which Debian installs beside the programs of root. */
import { existsSync } from "node:fs";

const DEBIAN = "/usr/sbin/pgbouncer";

/** Returns the path of the program, or null if it is missing. */
export function pgbouncerProgram(): string | null {
  return Bun.which("pgbouncer") ?? (existsSync(DEBIAN) ? DEBIAN : null);
}
