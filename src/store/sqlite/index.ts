import type { Database } from "bun:sqlite";
import type { Fact } from "../../core/fact.ts";
import type { Clock } from "../../ports.ts";
import type { Store } from "../index.ts";
import { KeyBox, type SecretBox } from "../sql/secret-box.ts";
import { assemble, type MemoryStore } from "./assemble.ts";
import { prepareUpgrade, removeOldCopies, type Upgrade } from "./backup/upgrade-copy.ts";
import { CheckpointThread, type CheckpointWorker, canReportLog } from "./commit/checkpoint-thread.ts";
import {
  databaseFileOf,
  hasDatabase,
  lockDataDir,
  noData,
  prepareDataDir,
  refuseLostDatabase,
} from "./data-dir/data-dir.ts";
import {
  checkDatabase,
  configure,
  lockDatabase,
  openBeside,
  openDatabase,
  type Sync,
  setSync,
} from "./data-dir/database.ts";
import { type Files, systemFiles } from "./data-dir/durable-file.ts";
import { UsedFiles } from "./data-dir/used-files.ts";
import { encryptionKeys, type KnownKeys, knownKeys, removeHandedOver } from "./encryption/key-file.ts";
import { openKeyRing } from "./encryption/key-ring.ts";
import { hasKeyFingerprint } from "./encryption/key-state.ts";
import { openError } from "./open-error.ts";
import { Replica, type ReplicaOptions } from "./replica/replica.ts";
import { migrate } from "./schema/migrate.ts";

export interface OpenOptions {
  readonly dataDir: string;
  readonly sync: Sync;
  /** 64 hex digits. Null means the key file in the data directory. */
  readonly encryptionKey: string | null;
  readonly clock: Clock;
  readonly onFact: (fact: Fact) => void;
  /**
   * True for the server, which locks the directory. False for commands, which may run at the same
   * time as the server.
   */
  readonly exclusive: boolean;
  /** The name of the installation, which ids contain; null for none. Only for the server. */
  readonly shard?: string | null;
  /** Whether to copy the database before its schema is upgraded. Default: true. */
  readonly upgradeCopy?: boolean;
  /** Called before the schema is upgraded. */
  readonly onUpgrade?: (upgrade: Upgrade) => void;
  /** The replica of the data. Only for the server. */
  readonly replica?: ReplicaOptions | null;
  /**
   * Starts a thread that copies the write-ahead log to the database. Only for the server. Without it,
   * and with a replica, which must have the log first, this is done on the calling thread.
   */
  readonly openCheckpointWorker?: () => CheckpointWorker;
  /** Called if the data was opened with the key from before a rotation. */
  readonly onOldKey?: () => void;
  /** Replaces the operations on files in tests. */
  readonly files?: Files;
}

/**
 * Opens a data directory. The server (`exclusive`) creates it if necessary. Throws `StartError` if
 * the directory cannot be opened.
 */
export async function openStore(options: OpenOptions): Promise<Store> {
  try {
    return await openDataDir(options);
  } catch (error) {
    throw openError(error, options.dataDir);
  }
}

async function openDataDir(options: OpenOptions): Promise<Store> {
  const { dataDir, exclusive, files = systemFiles, clock } = options;
  const closing: (() => void)[] = [];
  const close = () => {
    for (const step of closing.splice(0).reverse()) step();
  };
  try {
    if (exclusive) prepareDataDir(dataDir, files);
    const isNew = !hasDatabase(dataDir);
    if (exclusive) {
      refuseLostDatabase(dataDir);
      closing.push(lockDataDir(dataDir).release);
      closing.push(lockDatabase(dataDir).release);
    } else if (isNew) {
      throw noData(dataDir);
    }
    const replica = options.replica ? new Replica(dataDir, options.replica, clock, options.onFact) : null;
    if (replica !== null) closing.push(() => replica.close());
    if (!isNew) replica?.keepLog();
    if (!isNew) await upgradeSafely(options, replica);
    // Commands leave checkpoints to the server, which may have to ship the log before.
    const db = exclusive ? openDatabase(dataDir, { create: true, checkpoints: replica === null }) : openBeside(dataDir);
    closing.push(() => db.close());
    if (exclusive) checkDatabase(db, dataDir, isNew);
    const isUsed = hasKeyFingerprint(db);
    if (!exclusive && !isUsed) throw noData(dataDir);
    migrate(db);
    const box = openKeys(db, options, encryptionKeys(dataDir, options.encryptionKey, { isUsed, files }));
    setSync(db, options.sync);
    await replica?.attach(db);
    const check = exclusive ? new UsedFiles(databaseFileOf(dataDir), clock).check : () => {};
    const checkpoints = replica === null ? checkpointThread(db, options) : null;
    return assemble({ ...options, db, box, beforeCommit: check, beforePing: check, replica, checkpoints, close }).store;
  } catch (error) {
    close();
    throw error;
  }
}

function checkpointThread(
  db: Database,
  { dataDir, exclusive, onFact, openCheckpointWorker: open }: OpenOptions,
): CheckpointThread | null {
  if (!exclusive || open === undefined || !canReportLog(db)) return null;
  return new CheckpointThread(db, dataDir, onFact, open);
}

/** Opens the keys of the data. If the server has the new key of a rotation, nobody needs the old one. */
function openKeys(db: Database, options: OpenOptions, known: KnownKeys): SecretBox {
  const { dataDir, encryptionKey, exclusive, onOldKey, files = systemFiles } = options;
  const { ring, isHandedOver } = openKeyRing(db, known, () => knownKeys(dataDir, encryptionKey));
  if (isHandedOver) onOldKey?.();
  else if (exclusive) removeHandedOver(dataDir, files);
  return ring;
}

/**
 * Copies the database if the next step upgrades it. Otherwise, the server removes old copies,
 * because this version has already started with the data.
 */
async function upgradeSafely(
  { dataDir, clock, upgradeCopy = true, onUpgrade, exclusive }: OpenOptions,
  replica: Replica | null,
): Promise<void> {
  const check = (db: Database) => {
    if (exclusive) checkDatabase(db, dataDir, false);
  };
  const beforeCopy = () => replica?.releaseLog();
  const upgrade = await prepareUpgrade(dataDir, { copy: upgradeCopy, now: clock.now(), check, beforeCopy });
  if (upgrade !== null) onUpgrade?.(upgrade);
  else if (exclusive) removeOldCopies(dataDir, clock.now());
}

/** Opens a store on a database that the caller owns. For tests and the simulation. */
export function openMemoryStore(
  db: Database,
  clock: Clock,
  onFact: (fact: Fact) => void,
  beforeCommit: () => void = () => {},
): MemoryStore {
  configure(db, "full");
  migrate(db);
  const { ring: box } = openKeyRing(db, { direct: [new KeyBox("00".repeat(32))], handedOver: [] });
  return assemble({
    ...{ db, box, clock, onFact, beforeCommit, exclusive: true, replica: null, checkpoints: null },
    beforePing() {},
    close() {},
  });
}
