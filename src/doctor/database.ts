/** Findings about a PostgreSQL database and the instances that use it. */
import { counted } from "../core/text.ts";
import type { DatabaseReading } from "../store/postgres/inspect.ts";
import { stateFindings } from "./database-state.ts";
import { type Finding, fail, failWith, ok, warn } from "./finding.ts";
import { bytesText, durationText } from "./text.ts";

export type DatabaseFacts =
  /** Why the database cannot be read. */
  { readonly problem: string } | (DatabaseReading & { readonly problem: null; readonly retentionMs: number });

/** The oldest version of PostgreSQL with which Boathook is tested. */
const TESTED_MAJOR = 15;
/** Difference of the clocks, in ms, above which one of them is wrong. */
const CLOCK_MS_MAX = 2_000;
const DAY_MS = 86_400_000;
/** How long after the retention a day table may exist, in days. */
const DAYS_LATE_MAX = 2;

export function databaseFindings(facts: DatabaseFacts, now: number): Finding[] {
  if (facts.problem !== null) return [failWith("database", facts.problem)];
  const { tables, retentionMs } = facts;
  const findings = [
    serverFinding(facts),
    encodingFinding(facts),
    durabilityFinding(facts),
    rightsFinding(facts),
    schemaFinding(facts),
    clockFinding(facts),
  ];
  if (tables === null) return findings;
  const { seesAllSessions } = facts.server;
  return [
    ...findings,
    keyFinding(tables),
    dayTableFinding(tables, retentionMs, now),
    ...stateFindings(tables.state, seesAllSessions),
  ];
}

function serverFinding({ server: { version, major, isReadOnly, databaseBytes } }: DatabaseReading): Finding {
  if (isReadOnly) {
    return fail(
      "database",
      `The database on PostgreSQL ${version} cannot be written: it is a standby or read-only.`,
      "Set store to the primary, or make the database writable.",
    );
  }
  const detail = `The database on PostgreSQL ${version} has ${bytesText(databaseBytes)}.`;
  if (major >= TESTED_MAJOR) return ok("database", detail);
  return warn("database", detail, `Boathook is tested with PostgreSQL ${TESTED_MAJOR} and later: upgrade the server.`);
}

function encodingFinding({ server: { encoding } }: DatabaseReading): Finding {
  if (encoding === "UTF8") return ok("encoding", "The database stores texts in UTF-8.");
  return fail(
    "encoding",
    `The database stores texts in ${encoding}, which lacks characters that messages may contain.`,
    "Create a database with ENCODING 'UTF8' TEMPLATE template0, and set store to it.",
  );
}

function durabilityFinding({ server: { unsafe } }: DatabaseReading): Finding {
  if (unsafe.length === 0) return ok("durability", "Each commit is synced to disk before it is confirmed.");
  return fail(
    "durability",
    `The server can lose messages that were accepted, because of its settings ${unsafe.join(" and ")}.`,
    "Set them to on in postgresql.conf, or for the user of Boathook with ALTER ROLE.",
  );
}

function rightsFinding({ server: { schema, mayCreate }, tables }: DatabaseReading): Finding {
  if (schema === null) {
    return fail(
      "rights",
      "The database has no schema that the user may use.",
      "Grant USAGE and CREATE on a schema of its search_path.",
    );
  }
  if (!mayCreate) {
    return fail(
      "rights",
      `The user may not create tables in the schema ${schema}, which Boathook needs each day.`,
      `Make the user the owner of the database, or grant CREATE on the schema ${schema}.`,
    );
  }
  if (tables?.isForeign === true) {
    return fail(
      "rights",
      "Tables of Boathook belong to another user, so this one cannot change them.",
      "Set store to the user that owns them, or run REASSIGN OWNED as a superuser.",
    );
  }
  return ok("rights", `The user may create and change tables in the schema ${schema}.`);
}

function schemaFinding({ schemaVersion, newestSchema }: DatabaseReading): Finding {
  if (schemaVersion === 0) return ok("schema", "The database is empty. The first start creates its tables.");
  if (schemaVersion === newestSchema)
    return ok("schema", `The data has the schema of this version (${schemaVersion}).`);
  if (schemaVersion > newestSchema) {
    return fail(
      "schema",
      `The data has schema ${schemaVersion}, but this version of Boathook supports up to ${newestSchema}.`,
      "Use the newer version.",
    );
  }
  return warn(
    "schema",
    `The data has schema ${schemaVersion}; the next start of this version upgrades it to ${newestSchema}.`,
    "Make a backup with pg_dump first, and stop all instances.",
  );
}

function clockFinding({ clockAheadMs, clockErrorMs }: DatabaseReading): Finding {
  const differenceMs = Math.max(0, Math.abs(clockAheadMs) - clockErrorMs);
  if (differenceMs <= CLOCK_MS_MAX) {
    return ok("clock", `The clock of this machine fits that of the database, within ${CLOCK_MS_MAX / 1000} seconds.`);
  }
  const which = clockAheadMs > 0 ? "behind" : "ahead of";
  return warn(
    "clock",
    `The clock of this machine is ${durationText(differenceMs)} ${which} that of the database.`,
    "Synchronise both (NTP). Instances use the clock of the database, their logs and certificates that of the machine.",
  );
}

function keyFinding({ keyFits, isRotating }: NonNullable<DatabaseReading["tables"]>): Finding {
  if (keyFits && isRotating) {
    return warn("key", "A rotation of the key has not finished.", "Run `boathook key rotate` again.");
  }
  if (keyFits) return ok("key", "The configured encryption key matches the data.");
  return fail(
    "key",
    "The configured encryption key does not match the data.",
    "Set encryption-key (BOATHOOK_ENCRYPTION_KEY) to the key of the other instances.",
  );
}

function dayTableFinding(
  { missing, oldestDay }: NonNullable<DatabaseReading["tables"]>,
  retentionMs: number,
  now: number,
): Finding {
  if (missing.length > 0) {
    return warn(
      "partitions",
      `${counted(missing.length, "partition")} ${missing.length === 1 ? "is" : "are"} missing (${missing.slice(0, 3).join(", ")}).`,
      "The next settled delivery of that day creates them. If this finding stays, see the log for errors.",
    );
  }
  if (oldestDay === null) return ok("partitions", "There are no messages yet.");
  const daysLate = Math.floor((now - retentionMs) / DAY_MS) - (oldestDay + 1);
  const oldest = new Date(oldestDay * DAY_MS).toISOString().slice(0, 10);
  const detail = `The oldest partitions are those of ${oldest}.`;
  if (daysLate <= DAYS_LATE_MAX) return ok("partitions", detail);
  return warn(
    "partitions",
    `${detail.slice(0, -1)}, ${counted(daysLate, "day")} older than retention.`,
    "A delivery of that day still waits, or no instance has run. Start one, or look for old pending deliveries.",
  );
}
