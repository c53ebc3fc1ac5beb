import type { Database } from "bun:sqlite";
import { dirname } from "node:path";
import type { Housekeeping } from "../../index.ts";
import type { HealthRecord } from "../../sql/store-health.ts";
import { freeBytesOf, sizeOf } from "../data-dir/file-size.ts";

type Verbs = Pick<Housekeeping, "size" | "diskFreeBytes" | "about" | "ping" | "health">;

/** The value of `PRAGMA synchronous` with which each commit is synced. */
const FULL = 2;

export function sizeVerbs(db: Database, health: HealthRecord, beforePing: () => void): Verbs {
  // Every store has this row. `SELECT 1` would not read the database file.
  const anyRow = db.prepare("SELECT value FROM meta WHERE name = 'id-seed'");
  const isInMemory = db.filename === "" || db.filename === ":memory:";
  return {
    size: async () => ({
      databaseBytes: sizeOf(db.filename),
      walBytes: sizeOf(`${db.filename}-wal`),
    }),
    diskFreeBytes: async () => (isInMemory ? null : freeBytesOf(dirname(db.filename))),
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
