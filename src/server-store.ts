import type { Settings } from "./config/index.ts";
import { SQLITE } from "./config/store-kinds.ts";
import type { Facts } from "./core/facts.ts";
import { systemClock } from "./edge/clock.ts";
import { openBucket } from "./edge/s3-vault.ts";
import { type Store, StoreUnavailable } from "./store/index.ts";
import { databaseError } from "./store/postgres/open-error.ts";
import type { Upgrade } from "./store/sqlite/backup/upgrade-copy.ts";
import { openStore as openSqlite } from "./store/sqlite/index.ts";
import { openError } from "./store/sqlite/open-error.ts";
import type { ReplicaOptions } from "./store/sqlite/replica/replica.ts";
import type { Log } from "./telemetry/log.ts";
import { openCheckpointWorker } from "./worker-threads.ts";

export interface StoreOptions {
  readonly log: Log;
  readonly version: string;
  /** Whether to copy the database before its schema is upgraded. Default: true. */
  readonly upgradeCopy?: boolean;
}

/** Opens the store that the settings choose. Throws `StartError` if it cannot be used. */
export function openServerStore(settings: Settings, options: StoreOptions, facts: Facts): Promise<Store> {
  return settings.store === SQLITE ? openDataDir(settings, options, facts) : openDatabase(settings, facts);
}

async function openDataDir(settings: Settings, { log, version, upgradeCopy }: StoreOptions, facts: Facts) {
  let upgrade: Upgrade | null = null;
  const store = await openSqlite({
    ...{ ...settings, clock: systemClock, onFact: (fact) => facts.state(fact), exclusive: true },
    replica: replicaOptions(settings, version),
    openCheckpointWorker,
    upgradeCopy: upgradeCopy ?? true,
    onUpgrade(started) {
      upgrade = started;
    },
    onOldKey: () => log.warn({ event: "key.old" }, OLD_KEY),
  });
  if (upgrade !== null) logUpgrade(upgrade, log);
  return store;
}

const OLD_KEY =
  "The encryption key is the one from before the latest rotation. Set encryption-key to the new key and restart the server.";

function logUpgrade({ from, to, copy }: Upgrade, log: Log): void {
  const about = copy === null ? "" : ` The copy ${copy} has the data as it was before.`;
  log.info({ event: "store.migrated", from, to, copy }, `migrated ${from} → ${to}.${about}`);
}

function replicaOptions(
  { replica: location, replicaSync, replicaTimeoutMs: timeoutMs }: Settings,
  version: string,
): ReplicaOptions | null {
  if (location === null) return null;
  return { location, openBucket, isSync: replicaSync === "sync", timeoutMs, version };
}

async function openDatabase(settings: Settings, facts: Facts): Promise<Store> {
  const { store: url, encryptionKey, leaseMs } = settings;
  const openPostgres = await loadPostgres();
  return openPostgres({
    ...{ url, encryptionKey: encryptionKey!, leaseMs, clock: systemClock },
    onFact: (fact) => facts.state(fact),
  });
}

/** Loads the store on PostgreSQL, which a server with SQLite never needs. */
async function loadPostgres() {
  return (await import("./store/postgres/index.ts")).openStore;
}

/**
 * Opens the store of a server for a command, whether or not the server is running. Throws `StartError` if
 * there are no data.
 */
export async function openStoreBeside({ store: url, dataDir, sync, encryptionKey, leaseMs }: Settings): Promise<Store> {
  const shared = { clock: systemClock, onFact() {} };
  if (url === SQLITE) return openSqlite({ ...shared, dataDir, sync, encryptionKey, exclusive: false });
  const openPostgres = await loadPostgres();
  return openPostgres({ ...shared, url, encryptionKey: encryptionKey!, leaseMs, creates: false });
}

/** Returns the error to show if the store failed while the server started. */
export function startErrorOf(error: unknown, settings: Settings): unknown {
  return settings.store !== SQLITE || error instanceof StoreUnavailable ? storeErrorOf(error, settings) : error;
}

/** Returns the error to show if an operation of the store failed. */
export function storeErrorOf(error: unknown, { store, dataDir }: Settings): unknown {
  if (store === SQLITE) return openError(error, dataDir);
  return databaseError(error, store);
}

/** Logs the rules of the schema that stored rows break. */
export async function warnOfUnenforcedRules(store: Store, log: Log): Promise<void> {
  for (const { table, rule, rows } of await store.housekeeping.unenforcedRules()) {
    log.warn(
      { table, rule, rows },
      "Stored rows break a rule of the schema. They were kept; the rule is not enforced.",
    );
  }
}
