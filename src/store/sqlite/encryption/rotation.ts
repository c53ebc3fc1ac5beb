import type { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../../../core/start-error.ts";
import { KeyBox } from "../../sql/secret-box.ts";
import { hasDatabase, noData } from "../data-dir/data-dir.ts";
import { openBeside } from "../data-dir/database.ts";
import { type Files, systemFiles, writeDurably } from "../data-dir/durable-file.ts";
import { FileLocked, lockFile } from "../data-dir/file-lock.ts";
import { openError } from "../open-error.ts";
import { refuseNewerSchema, schemaVersionOf } from "../schema/migrate.ts";
import { migrations } from "../schema/migrations.ts";
import {
  encryptionKeys,
  handedOverFileOf,
  handOver,
  keyFileOf,
  keysInFile,
  knownKeys,
  newKeyFileOf,
  oldKeyFileOf,
  removeHandedOver,
} from "./key-file.ts";
import { presentKeyOf } from "./key-ring.ts";
import { beginRotation, endRotation, type FoundKey, type KeyState, keyStateOf } from "./key-state.ts";
import { inTransaction, type Pauses, resealAll } from "./reseal.ts";
import { refuseTargetFile, writeTargetFile } from "./target-file.ts";

export interface KeyRequest {
  readonly dataDir: string;
  /** The configured key, as 64 hex digits, or null if the key is in the key file. */
  readonly configured: string | null;
  readonly clock: Pauses;
  /** Replaces the operations on files in tests. */
  readonly files?: Files;
}

export interface RotationRequest extends KeyRequest {
  /** The new key, as 64 hex digits. Null generates one. */
  readonly newKey: string | null;
  /** The file for the new key. Null means the key file, or none if the key is configured. */
  readonly toFile: string | null;
}

export interface Rotation {
  /** Number of values that this call has sealed with the new key. */
  readonly resealed: number;
  /** Whether the operator must set `encryption-key` to the new key. */
  readonly needsSetting: boolean;
  /** Whether the new key exists only in sealed form in the data, so that it must be written to a file. */
  readonly isKeyUnknown: boolean;
}

/**
 * Replaces the encryption key and seals all values with the new one, whether or not a server is
 * running. If an earlier rotation was interrupted, finishes that one instead. The steps are ordered
 * so that the data can be read after a crash at any moment:
 *
 * 1. The new key is stored in `encryption.key.new`, and the old one in `encryption.key.old`. If the
 *    new key is not for the key file, it is stored in `encryption.key.sealed`, sealed with the old one.
 * 2. One commit makes the new key the present one. It contains the old key sealed with the new one.
 *    From this commit on, a server seals with the new key and opens with both.
 * 3. `encryption.key.new` becomes the key file.
 * 4. All values are sealed again.
 * 5. One commit removes the sealed old key.
 *
 * Throws `StartError` if the key cannot be rotated, or if a value cannot be opened with any key.
 */
export function rotateKey(request: RotationRequest): Promise<Rotation> {
  return withLockedKeys(request, async (db, state, found) => {
    const { clock } = request;
    const isUnfinished = state.previous !== null;
    const to = isUnfinished ? found.box : ((await begin(db, found.box, request)) ?? found.box);
    place(to, request);
    const { previous } = keyStateOf(db);
    const resealed = previous === null ? 0 : await finish(db, clock, to, previous);
    return {
      resealed,
      needsSetting: existsSync(handedOverFileOf(request.dataDir)),
      isKeyUnknown: request.toFile === null && !isKnown(to, request),
    };
  });
}

function isKnown({ fingerprint }: KeyBox, { dataDir, configured, newKey }: RotationRequest): boolean {
  const known = [...knownKeys(dataDir, configured).direct, ...(newKey === null ? [] : [new KeyBox(newKey)])];
  return known.some((box) => box.fingerprint === fingerprint);
}

/** Steps 1 and 2. Returns null if the new key is already the present one. */
async function begin(
  db: Database,
  from: KeyBox,
  { dataDir, configured, newKey, toFile, clock, files = systemFiles }: RotationRequest,
): Promise<KeyBox | null> {
  if (newKey !== null && new KeyBox(newKey).fingerprint === from.fingerprint) return null;
  if (isHandingOver(dataDir, configured, from)) {
    // The last call may have ended before or after it wrote the new key to the file.
    if (toFile !== null && (!existsSync(toFile) || keysInFile(toFile)[0] === from.hex)) return null;
    throw new StartError(
      "The server has not been started with the new key of the last rotation. Set encryption-key to that key and restart the server, then try again.",
    );
  }
  if (toFile !== null) refuseTargetFile(toFile, dataDir);
  const to = new KeyBox(newKey ?? randomBytes(32).toString("hex"));
  const isForKeyFile = configured === null && toFile === null;
  if (isForKeyFile) writeDurably(files, newKeyFileOf(dataDir), `${to.hex}\n`);
  else handOver(dataDir, from, to, files);
  keepOldKey(dataDir, from, files);
  await inTransaction(db, clock, () => beginRotation(db, from, to));
  return to;
}

/**
 * Returns whether a server may still depend on the file with the handed over key. A rotation that
 * ended before step 2 leaves a file that nobody needs.
 */
function isHandingOver(dataDir: string, configured: string | null, present: KeyBox): boolean {
  if (!existsSync(handedOverFileOf(dataDir))) return false;
  const { handedOver } = knownKeys(dataDir, configured);
  return handedOver.every(({ fingerprint }) => fingerprint === present.fingerprint);
}

/** Adds a key to the file of earlier keys. */
function keepOldKey(dataDir: string, { hex }: KeyBox, files: Files): void {
  const path = oldKeyFileOf(dataDir);
  const earlier = existsSync(path) ? keysInFile(path) : [];
  if (earlier.length === 0 && !isAbsentOrEmpty(path)) {
    throw new StartError(`The file ${path} contains something other than keys. Move it away, then try again.`);
  }
  if (!earlier.includes(hex)) writeDurably(files, path, `${[hex, ...earlier].join("\n")}\n`);
}

function isAbsentOrEmpty(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined || (found.isFile() && readFileSync(path, "utf8").trim() === "");
}

/** Step 3: puts the new key where it belongs. Does nothing if it is already there. */
function place(to: KeyBox, { dataDir, configured, toFile, files = systemFiles }: RotationRequest): void {
  const made = newKeyFileOf(dataDir);
  if (configured === null && existsSync(made)) {
    if (keysInFile(made)[0] === to.hex) files.rename(made, keyFileOf(dataDir));
    else rmSync(made);
    files.sync(dataDir);
  }
  if (toFile !== null) writeTargetFile(toFile, to, files);
}

/** Steps 4 and 5. Returns the number of values that were sealed again. */
async function finish(db: Database, clock: Pauses, to: KeyBox, sealedPrevious: Uint8Array): Promise<number> {
  // The commits of step 4 need no sync of their own, because the sync of step 5 includes them.
  db.run("PRAGMA synchronous = NORMAL");
  const { count, unreadable } = await resealAll(db, clock, { from: new KeyBox(to.open(sealedPrevious)), to });
  db.run("PRAGMA synchronous = FULL");
  if (unreadable.size > 0) {
    const where = [...unreadable].map(([table, rows]) => `${rows} in the table ${table}`).join(", ");
    throw new StartError(
      `Some values cannot be opened with any key: ${where}. All others were rewritten with the new key, and the old key stays valid. Restore a backup, or delete what these values belong to, then try again.`,
    );
  }
  await inTransaction(db, clock, () => endRotation(db));
  return count;
}

/**
 * Removes the keys from before the last rotation. Backups from that time can then be restored only
 * with a copy of the key from elsewhere. Returns the paths of the removed files. Throws `StartError`
 * if an old key is still needed.
 */
export function forgetOldKeys(request: KeyRequest): Promise<readonly string[]> {
  return withLockedKeys({ ...request, newKey: null }, async (_, { previous }, { box, isHandedOver }) => {
    const { dataDir, files = systemFiles } = request;
    if (previous !== null) {
      throw new StartError("A rotation of the key has not finished. Run `boathook key rotate` again first.");
    }
    if (isHandedOver) {
      throw new StartError(
        "The old key is still in use. Set encryption-key (BOATHOOK_ENCRYPTION_KEY) to the new key for this command and for the server, and restart the server.",
      );
    }
    removeHandedOver(dataDir, files);
    const isOutdated = (path: string) => !keysInFile(path).includes(box.hex);
    const paths = [oldKeyFileOf(dataDir), newKeyFileOf(dataDir), keyFileOf(dataDir)].filter(existsSync);
    const removed = paths.filter((path) => path !== keyFileOf(dataDir) || isOutdated(path));
    for (const path of removed) rmSync(path);
    if (removed.length > 0) files.sync(dataDir);
    return removed;
  });
}

/** Runs `use` while no other command changes the keys. */
async function withLockedKeys<Result>(
  { dataDir, configured, newKey }: KeyRequest & Pick<RotationRequest, "newKey">,
  use: (db: Database, state: KeyState, found: FoundKey) => Promise<Result>,
): Promise<Result> {
  try {
    if (!hasDatabase(dataDir)) throw noData(dataDir);
    const lock = lockKeys(dataDir);
    try {
      const db = openBeside(dataDir);
      try {
        requireThisSchema(db);
        const state = keyStateOf(db);
        if (state.fingerprint === null) throw noData(dataDir);
        const known = encryptionKeys(dataDir, configured, { isUsed: true, files: systemFiles });
        const given = newKey === null ? [] : [new KeyBox(newKey)];
        return await use(db, state, presentKeyOf(state, { ...known, direct: [...known.direct, ...given] }));
      } finally {
        db.close();
      }
    } finally {
      lock.release();
    }
  } catch (error) {
    throw openError(error, dataDir);
  }
}

function lockKeys(dataDir: string): ReturnType<typeof lockFile> {
  try {
    return lockFile(join(dataDir, "encryption.key.lock"));
  } catch (error) {
    if (!(error instanceof FileLocked)) throw error;
    throw new StartError("Another command is changing the encryption key. Wait until it has finished.");
  }
}

/** Throws `StartError` unless the schema is the newest, because an older server would not notice a rotation. */
function requireThisSchema(db: Database): void {
  const version = schemaVersionOf(db);
  refuseNewerSchema(version);
  if (version === migrations.length) return;
  throw new StartError(
    `The data was written by an earlier version of Boathook (schema ${version}). Start the server of this version first.`,
  );
}
