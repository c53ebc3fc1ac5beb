import type { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { deliveryHeldMeta } from "../../../core/delivery.ts";
import { StartError } from "../../../core/start-error.ts";
import { KeyBox } from "../../sql/secret-box.ts";
import { keyFileOf, keyOf } from "../encryption/key-file.ts";
import { keyFingerprintOf } from "../encryption/key-state.ts";
import { refuseNewerSchema, schemaVersionOf } from "../schema/migrate.ts";
import { problemIn } from "./backup-file.ts";

export interface RestoreOptions {
  readonly dataDir: string;
  /** The configured key, as 64 hex digits, or null. It is not written to the data directory. */
  readonly configuredKey: string | null;
  /** The keys of a given key file, as 64 hex digits each. Empty if no file was given. */
  readonly givenKeys: readonly string[];
  /** Whether the server sends deliveries as soon as it starts. If not, they are held. */
  readonly deliver: boolean;
  /** Instant of the restore, in ms. */
  readonly now: number;
}

/** Where a restored database comes from. */
export interface RestoreSource {
  /** Begins a sentence: `The backup /path`. */
  readonly name: string;
  /** The key that the source contains, or null. */
  readonly key: string | null;
  /** A sentence that says what to do if the source is damaged. */
  readonly remedy: string;
}

/**
 * Checks a restored database and holds its deliveries. Returns the key that must be written to the
 * key file, or null. Throws `StartError` if the database cannot be used.
 */
export function prepareRestored(
  db: Database,
  source: RestoreSource,
  options: RestoreOptions,
): { readonly schemaVersion: number; readonly key: string | null } {
  const schemaVersion = schemaVersionOf(db);
  refuseNewerSchema(schemaVersion, source.name);
  const problem = problemIn(db, "integrity_check");
  if (problem !== null) throw new StartError(`${source.name} is damaged: ${problem}. ${source.remedy}`);
  const key = keyToWrite(keyFingerprintOf(db), source, options);
  db.run("DELETE FROM meta WHERE name = ?", [deliveryHeldMeta]);
  if (!options.deliver) {
    db.run("INSERT INTO meta (name, value) VALUES (?, ?)", [deliveryHeldMeta, String(options.now)]);
  }
  return { schemaVersion, key };
}

/**
 * Returns the key that must be written to the key file, or null if the server has the key already.
 * Throws `StartError` if no known key belongs to the data.
 */
function keyToWrite(
  fingerprint: string | null,
  { name, key: inSource }: RestoreSource,
  { dataDir, configuredKey, givenKeys }: RestoreOptions,
): string | null {
  const fits = (key: string) => new KeyBox(key).fingerprint === fingerprint;
  const inDirectory = keyOf(dataDir);
  const source = name.replace(/^The /, "the ");
  // The server uses the configured key even if there is a key file.
  const known = configuredKey ?? givenKeys.find(fits) ?? givenKeys[0] ?? inSource ?? inDirectory;
  if (known === null) {
    throw new StartError(
      `${name} does not contain the encryption key. Give it with --key-file FILE or BOATHOOK_ENCRYPTION_KEY.`,
    );
  }
  if (!fits(known)) {
    throw new StartError(
      `The encryption key does not match ${source}. Give the key of the server from which it was made.`,
    );
  }
  if (configuredKey !== null || inDirectory === known) return null;
  if (existsSync(keyFileOf(dataDir))) {
    throw new StartError(
      `The key file ${keyFileOf(dataDir)} does not match ${source}. Move the key file away, or choose another data-dir.`,
    );
  }
  return known;
}
