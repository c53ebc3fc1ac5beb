const MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/** Returns the name of the database in the URL of a PostgreSQL database. */
export function databaseNameIn(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

/** Whether the URL of a PostgreSQL database has only valid percent-encodings and a known `sslmode`. */
export function isWellFormedDatabaseUrl({ username, password, pathname, searchParams }: URL): boolean {
  const modes = searchParams.getAll("sslmode");
  if (!modes.every((mode) => MODES.includes(mode))) return false;
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}
