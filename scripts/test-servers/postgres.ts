/** PostgreSQL, whose server programs Debian keeps outside the PATH, in a directory per version. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

const DEBIAN = "/usr/lib/postgresql";

/**
 * Returns the directory of `initdb` and `postgres`: the one that the variable `TEST_POSTGRES_PROGRAMS` names, or
 * that of the newest version that is installed. Null if there is none.
 */
export function postgresPrograms(): string | null {
  const chosen = process.env.TEST_POSTGRES_PROGRAMS;
  if (chosen) {
    if (existsSync(join(chosen, "initdb"))) return chosen;
    throw new Error(`TEST_POSTGRES_PROGRAMS names a directory without initdb: ${chosen}`);
  }
  const onPath = Bun.which("initdb");
  if (onPath !== null) return dirname(onPath);
  if (!existsSync(DEBIAN)) return null;
  const versions = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
  const found = versions.map((version) => join(DEBIAN, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
  return found ?? null;
}
