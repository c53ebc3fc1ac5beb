import type { Database } from "bun:sqlite";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { databaseFileOf } from "../data-dir/data-dir.ts";
import { openDatabase } from "../data-dir/database.ts";
import { sizeOf } from "../data-dir/file-size.ts";
import { hasKeyFingerprint } from "../encryption/key-state.ts";
import { schemaVersionOf } from "../schema/migrate.ts";
import { migrations } from "../schema/migrations.ts";
import { writeBackup } from "./backup-file.ts";
import { requireSpace } from "./disk-space.ts";

const COPY_NAME = /^boathook-schema-\d+\.bak(\.tmp.*)?$/;
/**
 * Time for which a copy is kept, in ms. A problem with a new version may show only after several
 * restarts.
 */
const KEPT_MS = 86_400_000;

/** An upgrade of a database to a newer schema. */
export interface Upgrade {
  readonly from: number;
  readonly to: number;
  /** Path of the copy that was made before the upgrade, or null if there is none. */
  readonly copy: string | null;
}

export interface UpgradeOptions {
  /** Whether to copy the database before an upgrade. */
  readonly copy: boolean;
  readonly now: number;
  /** Checks the open database, and throws if it must not be used. */
  readonly check: (db: Database) => void;
  /** Runs before the copy is made. It must close the connections of this process. */
  readonly beforeCopy?: () => void;
}

/**
 * Copies the database to `boathook-schema-<version>.bak` beside it if its schema is about to be
 * upgraded. The copy is a backup that `boathook restore` accepts. Returns null if there is nothing to
 * upgrade. Throws `StartError` if the copy is not possible. `beforeCopy` must close what this process
 * has open of the database.
 */
export async function prepareUpgrade(
  dataDir: string,
  { copy, now, check, beforeCopy }: UpgradeOptions,
): Promise<Upgrade | null> {
  const from = oldSchema(dataDir, check);
  if (from === null) return null;
  const to = migrations.length;
  if (!copy) return { from, to, copy: null };
  const file = join(dataDir, `boathook-schema-${from}.bak`);
  const path = databaseFileOf(dataDir);
  const bytes = sizeOf(path) + sizeOf(`${path}-wal`);
  await requireSpace(
    file,
    bytes,
    "The copy before an upgrade of the data",
    "Free some space, or start the server with --no-upgrade-copy after you have made a backup.",
  );
  beforeCopy?.();
  // A copy with this name may be older than the data: it is left from an upgrade that was undone.
  const request = { dataDir, file, keys: null, force: true, verify: false, besideServer: null };
  await writeBackup({ ...request, now, version: `schema ${from}` });
  return { from, to, copy: file };
}

/** Removes the copies of earlier upgrades when they are no longer needed. */
export function removeOldCopies(dataDir: string, now: number): void {
  for (const name of readdirSync(dataDir)) {
    const path = join(dataDir, name);
    if (COPY_NAME.test(name) && now - statSync(path).mtimeMs >= KEPT_MS) rmSync(path, { force: true });
  }
}

/** Returns the schema version of data that must be upgraded, or null if there is no such data. */
function oldSchema(dataDir: string, check: UpgradeOptions["check"]): number | null {
  const db = openDatabase(dataDir, { create: false });
  try {
    // Closing the database may hide that its file is incomplete.
    check(db);
    const version = schemaVersionOf(db);
    return version > 0 && version < migrations.length && hasKeyFingerprint(db) ? version : null;
  } finally {
    db.close();
  }
}
