import { Database } from "bun:sqlite";
import { promises } from "node:fs";
import { IDENTITY } from "../../../core/replica-name.ts";
import { readSegment } from "../../../core/replica-record.ts";
import type { Vault } from "../../../core/replica-vault.ts";
import { StartError } from "../../../core/start-error.ts";
import { restoreInto, type WrittenDatabase } from "../backup/restore-target.ts";
import { prepareRestored, type RestoreOptions } from "../backup/restored-database.ts";
import { isDamage } from "../data-dir/disk-error.ts";
import { hasKeyFingerprint } from "../encryption/key-state.ts";
import { type BaseManifest, basesOf, generationsOf, manifestOf, segmentsOf } from "./generation.ts";
import { identityOf } from "./identity.ts";
import { type OpenBucket, openVault } from "./open-vault.ts";
import { Applier, ReplicaDamaged, writeBase } from "./rebuild.ts";

export interface ReplicaRestoreRequest extends RestoreOptions {
  readonly location: string;
  readonly openBucket: OpenBucket;
  /** Leaves out what was committed after this time, in ms. Null means that everything is restored. */
  readonly until: number | null;
  /** Whether to restore what is whole before damage. */
  readonly untilDamage: boolean;
}

export interface RestoredReplica extends WrittenDatabase {
  readonly schemaVersion: number;
  /** Time of the last commit, in ms. */
  readonly at: number;
  /** A sentence about the part that could not be restored. Null if everything was restored. */
  readonly damage: string | null;
}

/** Creates the data of a server from a replica. Throws `StartError` if that is not possible. */
export async function restoreReplica(request: ReplicaRestoreRequest): Promise<RestoredReplica> {
  const { location, dataDir } = request;
  const vault = openVault(location, request.openBucket);
  if ((await identityOf(vault)) === null) {
    throw new StartError(`${location} is not a replica: ${IDENTITY} is missing. Check the location.`);
  }
  return restoreInto(dataDir, async (temporary) => {
    const file = await promises.open(temporary, "w", 0o600);
    let rebuilt: Rebuilt;
    try {
      rebuilt = await rebuild(vault, file, request);
    } finally {
      await file.close();
    }
    return { ...check(temporary, request), ...rebuilt };
  });
}

interface Rebuilt {
  readonly at: number;
  readonly damage: string | null;
}

interface Base {
  readonly generation: string;
  readonly name: string;
  readonly manifest: BaseManifest;
}

/**
 * Writes the database from the newest base that can be used. A base can be used only with the records
 * that were stored while it was copied.
 */
async function rebuild(vault: Vault, file: promises.FileHandle, request: ReplicaRestoreRequest): Promise<Rebuilt> {
  const { location } = vault;
  let unusable: string | null = null;
  for await (const base of basesUntil(vault, request.until)) {
    const built = await rebuildFrom(vault, base, file, request.until);
    if (typeof built === "string") {
      unusable ??= built;
      continue;
    }
    const damage = unusable ?? built.damage;
    if (damage === null) return { at: built.at, damage };
    const sentence = `The replica ${location} is damaged after ${new Date(built.at).toISOString()}: ${damage}.`;
    if (request.untilDamage) return { at: built.at, damage: sentence };
    throw new StartError(`${sentence} Restore what was committed until then with --until-damage, or use a backup.`);
  }
  if (unusable !== null) throw new StartError(`The replica ${location} is damaged: ${unusable}. Use a backup.`);
  const when = request.until === null ? "" : ` of ${new Date(request.until).toISOString()} or earlier`;
  throw new StartError(`The replica ${location} has no complete copy of the data${when}. Use a backup.`);
}

/** Writes the database from a base and the records after it. Returns the reason if the base cannot be used. */
async function rebuildFrom(
  vault: Vault,
  { generation, name, manifest }: Base,
  file: promises.FileHandle,
  until: number | null,
): Promise<Rebuilt | string> {
  await file.truncate(0);
  try {
    await writeBase(vault, name, manifest, file);
  } catch (error) {
    if (error instanceof ReplicaDamaged) return error.message;
    throw error;
  }
  const applier = new Applier(file, manifest.epoch);
  const damage = await applyAll(vault, generation, applier, until);
  const { committed } = applier;
  const { epoch, frames } = manifest.until;
  const isWhole = committed.epoch > epoch || (committed.epoch === epoch && committed.frames >= frames);
  return isWhole ? { at: applier.at ?? manifest.at, damage } : (damage ?? `records of ${generation} are missing`);
}

/** Yields the bases that were complete by a time, newest first. */
async function* basesUntil(vault: Vault, until: number | null): AsyncGenerator<Base> {
  for (const generation of [...(await generationsOf(vault))].reverse()) {
    for (const name of [...(await basesOf(vault, generation))].reverse()) {
      const manifest = await manifestOf(vault, name);
      if (manifest !== null && (until === null || manifest.at <= until)) yield { generation, name, manifest };
    }
  }
}

/** Applies the records up to a time. Returns why the rest cannot be applied, or null. */
async function applyAll(
  vault: Vault,
  generation: string,
  applier: Applier,
  until: number | null,
): Promise<string | null> {
  /** The damage at the end of a segment. The next segment may begin before it. */
  let damage: string | null = null;
  for (const name of await segmentsOf(vault, generation, applier.epoch)) {
    const bytes = await vault.get(name);
    if (bytes === null) {
      damage = `${name} is missing`;
      continue;
    }
    const { records, defect } = readSegment(bytes);
    try {
      for (const record of records) {
        if (until !== null && record.at > until) return null;
        await applier.apply(record);
      }
    } catch (error) {
      if (error instanceof ReplicaDamaged) return damage ?? error.message;
      throw error;
    }
    // The last record of a server that was killed may be incomplete.
    damage = defect === "damaged" ? `${name} has a wrong checksum` : null;
  }
  return damage;
}

/** Checks the restored database. */
function check(path: string, request: ReplicaRestoreRequest) {
  const name = `The replica ${request.location}`;
  const db = new Database(path, { create: false, readwrite: true, strict: true });
  try {
    db.run("PRAGMA synchronous = OFF");
    db.run("PRAGMA journal_mode = DELETE");
    if (!hasKeyFingerprint(db)) throw new StartError(`${name} does not contain the data of a server.`);
    return prepareRestored(db, { name, key: null, remedy: "Use a backup." }, request);
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw new StartError(`${name} is damaged: the restored database cannot be read. Use a backup.`);
  } finally {
    db.close();
  }
}
