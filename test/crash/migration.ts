import { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { deliveryHeldMeta } from "../../src/core/delivery.ts";
import { databaseFileOf } from "../../src/store/sqlite/data-dir/data-dir.ts";
import { migrations } from "../../src/store/sqlite/schema/migrations.ts";
import { createEarlier } from "../store/sqlite/schema/earlier-data.ts";
import { KEY } from "../store/sqlite/schema/earlier-rows.ts";
import { executable, run, startBoathook } from "../support/binary.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { killedStart } from "./kill.ts";

const NEWEST = migrations.length;
/** Maximum number of kills during one upgrade. */
const KILLS_MAX = 12;
/** Number of messages, each with a delivery and an attempt. */
const MESSAGES = 20_000;
/** The rows are old, and must not be deleted for that. */
const KEEP = "--retention=36500d";
/** Rows that a server creates have greater numbers than those of the old data. */
const SEQ_MAX = 1_000_000_000;
/** Columns that every schema has and no migration changes. */
const KEPT = {
  message: "seq, application_seq, event_type, channels, tags, hex(payload)",
  delivery: "seq, message_seq, endpoint_seq, state, attempts_total",
  attempt: "seq, delivery_seq, message_seq, endpoint_seq, response_status",
  application: "seq, uid, name",
  endpoint: "seq, uid, application_seq",
  token: "seq, hex(sha256)",
};

/** What kills have done to an upgrade. Everything but `from` and `seen` must be 0. */
export interface MigrationOutcome {
  readonly from: number;
  /** The schemas that were found after the kills, in order. */
  readonly seen: readonly number[];
  /** Tables whose rows differ after the upgrade. */
  readonly changed: number;
  /** Copies that are not the data from before the upgrade. */
  readonly brokenCopies: number;
}

/**
 * Kills the server at later and later times while it upgrades much data of an earlier schema, and starts it
 * again, until the upgrade is complete. Rejects if a server does not start then.
 */
export async function crashMigration(from: number): Promise<MigrationOutcome> {
  using home = temporaryDirectory();
  const dataDir = home.file("data");
  createOld(dataDir, from);
  const before = digestsOf(databaseFileOf(dataDir));
  const durationMs = await upgradeMs(dataDir, home.file("timed"));
  const seen: number[] = [];
  while (seen.length < KILLS_MAX && seen.at(-1) !== NEWEST) {
    // Each start gets a little further than the one before.
    const part = (seen.length + Math.random()) / KILLS_MAX;
    await killedStart(dataDir, part * durationMs, { args: [KEEP] });
    seen.push(schemaAfterKill(dataDir, home.file(`killed-${seen.length}`)));
  }
  const server = await startBoathook(executable(), dataDir, [KEEP]);
  await server.stop();
  const after = digestsOf(databaseFileOf(dataDir));
  if (schemaOf(databaseFileOf(dataDir)) !== NEWEST) throw new Error("The server runs with an earlier schema.");
  const copies = readdirSync(dataDir).filter((name) => name.endsWith(".bak"));
  if (copies.length === 0) throw new Error("There is no copy of the data from before the upgrade.");
  const broken = copies.filter((name) => !isWhole(`${dataDir}/${name}`, before));
  await restoreCopy(`${dataDir}/boathook-schema-${from}.bak`, home.file("restored"));
  const changed = Object.keys(KEPT).filter((table) => before[table] !== after[table]);
  return { from, seen, changed: changed.length, brokenCopies: broken.length };
}

/** Creates a data directory that an earlier version has left, with deliveries held. */
function createOld(dataDir: string, schema: number): void {
  mkdirSync(dataDir, { mode: 0o700 });
  writeFileSync(`${dataDir}/encryption.key`, KEY, { mode: 0o600 });
  createEarlier(databaseFileOf(dataDir), schema, MESSAGES);
  using db = new Database(databaseFileOf(dataDir));
  db.run("INSERT INTO meta (name, value) VALUES (?, '1')", [deliveryHeldMeta]);
  db.run("PRAGMA journal_mode = WAL");
}

/** Returns how long an upgrade of a copy of the data takes, with the start of the server. */
async function upgradeMs(dataDir: string, copy: string): Promise<number> {
  cpSync(dataDir, copy, { recursive: true });
  const startedAt = performance.now();
  const server = await startBoathook(executable(), copy, [KEEP]);
  const tookMs = performance.now() - startedAt;
  await server.stop();
  return tookMs;
}

/** Returns the schema that a killed server has left. Looks at a copy, because reading recovers the log. */
function schemaAfterKill(dataDir: string, copy: string): number {
  mkdirSync(copy);
  for (const suffix of ["", "-wal"]) {
    const path = `${databaseFileOf(dataDir)}${suffix}`;
    if (existsSync(path)) copyFileSync(path, `${databaseFileOf(copy)}${suffix}`);
  }
  return schemaOf(databaseFileOf(copy));
}

function isWhole(copy: string, before: Readonly<Record<string, string>>): boolean {
  using db = new Database(copy, { readonly: true });
  const [check] = Object.values(db.query("PRAGMA integrity_check").get() as Record<string, string>);
  const after = digestsOf(copy);
  return check === "ok" && Object.keys(before).every((table) => before[table] === after[table]);
}

async function restoreCopy(copy: string, dataDir: string): Promise<void> {
  const env = { BOATHOOK_ENCRYPTION_KEY: KEY };
  const { code, stderr } = await run(executable(), ["restore", copy, `--data-dir=${dataDir}`], { env });
  if (code !== 0) throw new Error(`The copy from before the upgrade cannot be restored: ${stderr}`);
}

function schemaOf(path: string): number {
  using db = new Database(path);
  return (db.query("PRAGMA user_version").get() as { user_version: number }).user_version;
}

/** Returns a hash of the rows of each table. */
function digestsOf(path: string): Record<string, string> {
  using db = new Database(path);
  const digestOf = (table: string, columns: string): string => {
    const hash = createHash("sha256");
    for (const row of db.query(`SELECT ${columns} FROM ${table} WHERE seq < ${SEQ_MAX} ORDER BY seq`).values())
      hash.update(JSON.stringify(row));
    return hash.digest("hex");
  };
  return Object.fromEntries(Object.entries(KEPT).map(([table, columns]) => [table, digestOf(table, columns)]));
}
