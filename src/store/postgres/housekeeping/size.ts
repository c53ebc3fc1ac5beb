import type { Clock } from "../../../ports.ts";
import type { Housekeeping } from "../../index.ts";
import type { HealthRecord } from "../../sql/store-health.ts";
import type { Database } from "../connection/database.ts";
import { within } from "../connection/within.ts";
import { migrations } from "../schema/migrations.ts";

type Verbs = Pick<Housekeeping, "size" | "diskFreeBytes" | "about" | "ping" | "health" | "unenforcedRules">;

/** Time limit for a response of the server, in ms. A server that is suspended keeps its connections open. */
const PING_MS_MAX = 5_000;

export function sizeVerbs(database: Database, health: HealthRecord, clock: Clock): Verbs {
  return {
    size: async () => {
      const row = await database.first<{ bytes: number }>("SELECT pg_database_size(current_database()) AS bytes");
      return { databaseBytes: row!.bytes, walBytes: null };
    },
    // The disk of the server is not visible from here.
    diskFreeBytes: async () => null,
    about: async () => {
      const row = await database.first<{ version: string; syncsCommits: boolean }>(
        `SELECT current_setting('server_version') AS version,
           current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off' AS "syncsCommits"`,
      );
      // Distributions add their own version behind a space.
      const engine = `PostgreSQL ${row!.version.split(" ", 1)[0]}`;
      return { engine, schemaVersion: migrations.length, syncsCommits: row!.syncsCommits };
    },
    ping: async () => {
      try {
        await within(clock, PING_MS_MAX, database.first("SELECT 1 AS one"));
      } catch (error) {
        health.failed("read", error);
        throw error;
      }
    },
    health: async () => health.state,
    // The database enforces all of its rules at any time.
    unenforcedRules: async () => [],
  };
}
