import type { Database } from "bun:sqlite";
import { promises, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Housekeeping } from "../index.ts";
import type { HealthRecord } from "./store-health.ts";

type Verbs = Pick<Housekeeping, "size" | "about" | "ping" | "health">;

/** The value of `PRAGMA synchronous` with which each commit is synced. */
const FULL = 2;

export function sizeVerbs(db: Database, health: HealthRecord, beforePing: () => void): Verbs {
  // Every store has this row. `SELECT 1` would not read the database file.
  const anyRow = db.prepare("SELECT value FROM meta WHERE name = 'id-seed'");
  return {
    size: async () => ({
      databaseBytes: bytesOf(db.filename),
      walBytes: bytesOf(`${db.filename}-wal`),
      diskFreeBytes: await freeBytesOf(db.filename),
    }),
    about: async () => {
      const pragma = (name: string) => Object.values(db.query(`PRAGMA ${name}`).get() as Record<string, number>)[0]!;
      const { version } = db.query("SELECT sqlite_version() AS version").get() as { readonly version: string };
      const syncsCommits = pragma("synchronous") >= FULL;
      return { engine: `SQLite ${version}`, schemaVersion: pragma("user_version"), syncsCommits };
    },
    ping: async () => {
      beforePing();
      anyRow.get();
    },
    health: async () => health.state,
  };
}

/** Returns 0 for a file that does not exist, such as the log of an in-memory database. */
function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * Returns the free space on the disk of a file that this process may use. Returns null if the
 * system does not report it or if the database has no file.
 */
async function freeBytesOf(path: string): Promise<number | null> {
  if (path === "" || path === ":memory:") return null;
  try {
    const { bavail, bsize } = await promises.statfs(dirname(path));
    return bavail * bsize;
  } catch {
    return null;
  }
}
