/** PostgreSQL, whose server programs Debian keeps outside the PATH, in a directory per version. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

const DEBIAN = "/usr/lib/postgresql";

/** Returns the directory of `initdb` and `postgres`, of the newest version. Null if there is none. */
export function postgresPrograms(): string | null {
  const onPath = Bun.which("initdb");
  if (onPath !== null) return dirname(onPath);
  if (!existsSync(DEBIAN)) return null;
  const versions = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
  const found = versions.map((version) => join(DEBIAN, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
  return found ?? null;
}
