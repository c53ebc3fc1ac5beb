/** Findings about the database and the encryption key. */
import { type ClockTrust, isDoubted, trusted } from "../core/clock-trust.ts";
import { counted } from "../core/text.ts";
import { type Finding, fail, failWith, ok, warn } from "./finding.ts";
import { bytesText, durationText, instantText } from "./text.ts";

export interface StoreFacts {
  /** Why the database cannot be read, or null. If it is not null, nothing else about it is known. */
  readonly problem: string | null;
  readonly integrity: {
    /** `skipped` if the check would have to write. */
    readonly check: "quick" | "full" | "skipped";
    /** The first damage that was found, or null. */
    readonly damage: string | null;
  };
  readonly schemaVersion: number;
  /** The newest schema that this version supports. */
  readonly newestSchema: number;
  /** Rules of the schema that are not enforced, because stored rows break them. */
  readonly rulesMissing: number;
  readonly databaseBytes: number;
  readonly walBytes: number;
  readonly freeBytes: number | null;
  /** Time of the newest stored row, or null if there is none. */
  readonly newestAt: number | null;
  /** The state that the server has stored about the clock, or null. */
  readonly clockTrust: ClockTrust | null;
}

/** Size of the write-ahead log, in bytes, above which something prevents its reduction. */
const WAL_BYTES_MAX = 256 * 1024 * 1024;
/** Time by which the newest row may be ahead of the clock, in ms. */
const AHEAD_MS_MAX = 5_000;

export function storeFindings(facts: StoreFacts, now: number): Finding[] {
  if (facts.problem !== null) return [failWith("database", facts.problem)];
  return [
    integrityFinding(facts),
    schemaFinding(facts),
    ...ruleFindings(facts),
    walFinding(facts),
    clockFinding(facts, now),
  ];
}

function integrityFinding({ integrity: { check, damage }, databaseBytes }: StoreFacts): Finding {
  if (damage !== null) {
    return fail("database", `The database is damaged: ${damage}.`, "Stop the server and restore a backup.");
  }
  if (check === "skipped") {
    return warn(
      "database",
      "The database was not checked, because its write-ahead log must be recovered first.",
      "Start the server, then run the command again.",
    );
  }
  const how = check === "full" ? "" : " Indexes were not compared with tables, because a server is running.";
  return ok("database", `The database of ${bytesText(databaseBytes)} is not damaged.${how}`);
}

function schemaFinding({ schemaVersion, newestSchema, databaseBytes, freeBytes }: StoreFacts): Finding {
  if (schemaVersion > newestSchema) {
    return fail(
      "schema",
      `The data has schema ${schemaVersion}, but this version of Boathook supports up to ${newestSchema}.`,
      "Use the newer version or restore an older backup.",
    );
  }
  if (schemaVersion === newestSchema)
    return ok("schema", `The data has the schema of this version (${schemaVersion}).`);
  const detail = `The data has schema ${schemaVersion}; the next start of this version upgrades it to ${newestSchema}.`;
  const isShort = freeBytes !== null && freeBytes < databaseBytes;
  const room = isShort ? `Free ${bytesText(databaseBytes)} for the copy that it makes first.` : "Make a backup first.";
  return warn("schema", detail, room);
}

function ruleFindings({ rulesMissing, schemaVersion, newestSchema }: StoreFacts): Finding[] {
  if (rulesMissing === 0 || schemaVersion !== newestSchema) return [];
  return [
    warn(
      "rules",
      `${counted(rulesMissing, "rule")} of the schema ${rulesMissing === 1 ? "is" : "are"} not enforced, because stored rows break them.`,
      "The log of the last start names them; please report it.",
    ),
  ];
}

function walFinding({ walBytes }: StoreFacts): Finding {
  const detail = `The write-ahead log has ${bytesText(walBytes)}.`;
  if (walBytes <= WAL_BYTES_MAX) return ok("wal", detail);
  return warn("wal", detail, "End programs that keep the database open for reading, such as a backup that hangs.");
}

function clockFinding({ newestAt, clockTrust }: StoreFacts, now: number): Finding {
  const known = Math.max(newestAt ?? 0, clockTrust?.seenAt ?? 0);
  if (known - now > AHEAD_MS_MAX) {
    return warn(
      "clock",
      `The clock (${instantText(now)}) is ${durationText(known - now)} behind the newest data.`,
      "Check the clock and its synchronisation (NTP).",
    );
  }
  const trust = clockTrust ?? (newestAt === null ? trusted(now) : trusted(newestAt));
  if (!isDoubted(trust, now)) return ok("clock", `The clock (${instantText(now)}) fits the stored data.`);
  return warn(
    "clock",
    `The clock (${instantText(now)}) is ${durationText(now - trust.trustedAt)} ahead of the newest data, so old data is kept for another day.`,
    "Check the clock. If it is right, because the server was stopped, start it with `boathook serve --accept-clock`.",
  );
}
