import type { Settings } from "./schema.ts";
import { SQLITE } from "./store-kinds.ts";

/** What does the same with PostgreSQL. */
const INSTEAD: Readonly<Record<string, string>> = {
  replica: " and use the replication of PostgreSQL, or an archive of its write-ahead log",
  "backup-dir": " and run pg_dump or pg_basebackup on a schedule",
  shard: "",
};

/**
 * Returns what is missing with PostgreSQL, or cannot be used with it, as a sentence, or null. All
 * instances need the same secrets, so none can generate them.
 */
export function storeProblem({ store, encryptionKey, rootToken, replica, backupDir, shard }: Settings): string | null {
  if (store === SQLITE) return null;
  const missing = encryptionKey === null ? "encryption-key" : rootToken === null ? "root-token" : null;
  if (missing !== null) {
    return `store is a PostgreSQL database, but ${missing} is missing. Set it to the same value for all instances.`;
  }
  for (const [name, value] of Object.entries({ replica, "backup-dir": backupDir, shard })) {
    if (value !== null) return `${name} works only with SQLite. Remove it${INSTEAD[name]}, or set store to sqlite.`;
  }
  return null;
}
