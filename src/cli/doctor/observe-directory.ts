import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../config/index.ts";
import type { ClockTrust } from "../../core/clock-trust.ts";
import { StartError } from "../../core/start-error.ts";
import type { DirectoryFacts, FileFacts } from "../../doctor/directory.ts";
import type { KeyFacts } from "../../doctor/key.ts";
import type { StoreFacts } from "../../doctor/store.ts";
import { freeBytesOf } from "../../store/sqlite/data-dir/file-size.ts";
import { keyFileOf, knownKeys, oldKeyFileOf } from "../../store/sqlite/encryption/key-file.ts";
import { findPresentKey, type KeyState } from "../../store/sqlite/encryption/key-state.ts";
import { inspectStore, isDataDirInUse } from "../../store/sqlite/inspect.ts";
import { openError } from "../../store/sqlite/open-error.ts";

/** Names of the files that the program creates in its data directory. */
const OWN_FILE = /^(boathook|encryption\.key|root-token|replica\.json)/;

/** Observes a data directory. Changes nothing. */
export async function observeDirectory(path: string): Promise<DirectoryFacts> {
  const nothing = { path, problem: null, self: null, files: [], isInUse: null, freeBytes: null };
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return { ...nothing, kind: "missing" };
    if (!stats.isDirectory()) return { ...nothing, kind: "file" };
    accessSync(path, constants.R_OK | constants.X_OK);
    const names = readdirSync(path).filter((name) => OWN_FILE.test(name));
    const files = names.flatMap((name) => factsOf(path, name));
    const [isInUse, freeBytes] = [isDataDirInUse(path), await freeBytesOf(path)];
    return { ...nothing, kind: "directory", self: factsOf(path, ".")[0] ?? null, files, isInUse, freeBytes };
  } catch (error) {
    return { ...nothing, kind: "directory", problem: messageOf(openError(error, path)) };
  }
}

/** Returns the facts about a file, or nothing if it has just been removed. */
function factsOf(directory: string, name: string): FileFacts[] {
  const stats = statSync(join(directory, name), { throwIfNoEntry: false });
  if (stats === undefined) return [];
  return [{ name, mode: process.platform === "win32" ? null : stats.mode & 0o777, uid: stats.uid }];
}

/** Observes the database and the key of a data directory. Changes nothing. */
export async function observeStore(
  { dataDir, encryptionKey }: Settings,
  isInUse: boolean | null,
): Promise<{ readonly store: StoreFacts; readonly key: KeyFacts }> {
  let store: StoreFacts;
  let keys: KeyState | null = null;
  try {
    // A check that compares indexes with tables could delay a running server.
    const { check, damage, clockTrust, keyState, ...rest } = await inspectStore(dataDir, isInUse !== false);
    const trust = clockTrust === null ? null : (JSON.parse(clockTrust) as ClockTrust);
    store = { ...rest, problem: null, integrity: { check, damage }, clockTrust: trust };
    keys = keyState;
  } catch (error) {
    store = { ...UNREADABLE, problem: messageOf(error) };
  }
  return { store, key: observeKey(dataDir, encryptionKey, keys) };
}

const UNREADABLE: Omit<StoreFacts, "problem"> = {
  ...{ integrity: { check: "skipped", damage: null }, schemaVersion: 0, newestSchema: 0, rulesMissing: 0 },
  ...{ databaseBytes: 0, walBytes: 0, freeBytes: null, newestAt: null, clockTrust: null },
};

function observeKey(dataDir: string, configured: string | null, state: KeyState | null): KeyFacts {
  const file = keyFileOf(dataDir);
  const source = configured === null ? "file" : "setting";
  const [isRotating, hasOldKeys] = [(state?.previous ?? null) !== null, existsSync(oldKeyFileOf(dataDir))];
  const rest = { file, isRotating, hasOldKeys };
  try {
    const known = knownKeys(dataDir, configured);
    if (known.direct.length === 0) return { ...rest, source: existsSync(file) ? "unusable" : "missing", fits: null };
    if (state === null) return { ...rest, source, fits: null };
    const found = findPresentKey(state, known);
    return { ...rest, source, fits: found === null ? "no" : found.isHandedOver ? "old" : "yes" };
  } catch {
    return { ...rest, source: "unusable", fits: null };
  }
}

function messageOf(error: unknown): string {
  if (error instanceof StartError) return error.message;
  throw error;
}
