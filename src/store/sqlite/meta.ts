import type { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { StartError } from "../../core/start-error.ts";
import type { Clock } from "../../ports.ts";
import type { Housekeeping } from "../index.ts";
import type { Committer } from "./commit.ts";
import type { SecretBox } from "./secret-box.ts";

const ID_SEED = "id-seed";
const PROBED_AT = "probed-at";
const KEY_FINGERPRINT = "encryption-key-fingerprint";

export function meta(db: Database, committer: Committer): Housekeeping["meta"] {
  const get = db.prepare<{ value: string }, [string]>("SELECT value FROM meta WHERE name = ?");
  const set = db.prepare(
    "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  const drop = db.prepare("DELETE FROM meta WHERE name = ?");
  return {
    get: async (name) => get.get(name)?.value ?? null,
    set: (name, value) => committer.write(() => void (value === null ? drop.run(name) : set.run(name, value))),
  };
}

/** Returns a write that changes the database file. It tests whether the disk works. */
export function probeOf(db: Database, clock: Clock): () => void {
  return () =>
    void db.run(
      "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      [PROBED_AT, String(clock.now())],
    );
}

/** Returns a stored value. If the value does not exist, generates and stores it. */
function once(db: Database, name: string, make: () => string): string {
  db.run("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", [name, make()]);
  return (db.query("SELECT value FROM meta WHERE name = ?").get(name) as { value: string }).value;
}

export function idSeed(db: Database): readonly [number, number, number, number] {
  const hex = once(db, ID_SEED, () => randomBytes(16).toString("hex"));
  const word = (index: number) => Number.parseInt(hex.slice(index * 8, index * 8 + 8), 16) | 0;
  return [word(0), word(1), word(2), word(3)];
}

/** Returns whether this database may contain encrypted secrets. */
export function hasKeyFingerprint(db: Database): boolean {
  if (db.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'").get() === null) return false;
  return db.query("SELECT 1 FROM meta WHERE name = ?").get(KEY_FINGERPRINT) !== null;
}

/** Returns the fingerprint of the key that encrypts the data, or null if nothing is encrypted yet. */
export function keyFingerprintOf(db: Database): string | null {
  if (!hasKeyFingerprint(db)) return null;
  return (db.query("SELECT value FROM meta WHERE name = ?").get(KEY_FINGERPRINT) as { value: string }).value;
}

/** Throws `StartError` if the data was written with another key. */
export function checkEncryptionKey(db: Database, box: SecretBox): void {
  if (once(db, KEY_FINGERPRINT, () => box.fingerprint) !== box.fingerprint) {
    throw new StartError(
      "The encryption key does not match the data. Restore the original key (encryption-key, or the file encryption.key in the data directory).",
    );
  }
}
