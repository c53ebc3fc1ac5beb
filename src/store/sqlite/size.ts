import type { Database } from "bun:sqlite";
import { promises, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Housekeeping } from "../index.ts";
import type { HealthRecord } from "./store-health.ts";

type Verbs = Pick<Housekeeping, "size" | "ping" | "health">;

export function sizeVerbs(db: Database, health: HealthRecord, beforePing: () => void): Verbs {
  // Every store has this row. `SELECT 1` would not read the database file.
  const anyRow = db.prepare("SELECT value FROM meta WHERE name = 'id-seed'");
  return {
    size: async () => ({
      databaseBytes: bytesOf(db.filename),
      walBytes: bytesOf(`${db.filename}-wal`),
      diskFreeBytes: await freeBytesOf(db.filename),
    }),
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
