import type { Database } from "bun:sqlite";
import type { KeyBox } from "../../sql/secret-box.ts";
import type { KnownKeys } from "./key-file.ts";

/** Identifies the key that seals new values. */
const FINGERPRINT = "encryption-key-fingerprint";
/**
 * The key before the present one, sealed with the present one, while a rotation has not finished:
 * some values may still be sealed with it.
 */
const PREVIOUS = "encryption-key-previous";

/** The rows of the table "meta" about the encryption key. */
export interface KeyState {
  /** Null if nothing is encrypted yet. */
  readonly fingerprint: string | null;
  readonly previous: Uint8Array | null;
}

export function keyStateOf(db: Database): KeyState {
  if (db.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'").get() === null) {
    return { fingerprint: null, previous: null };
  }
  const rows = db
    .query<{ name: string; value: string }, []>(
      `SELECT name, value FROM meta WHERE name IN ('${FINGERPRINT}', '${PREVIOUS}')`,
    )
    .all();
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  const previous = values.get(PREVIOUS);
  return {
    fingerprint: values.get(FINGERPRINT) ?? null,
    previous: previous === undefined ? null : Buffer.from(previous, "hex"),
  };
}

/** Returns whether this database may contain encrypted secrets. */
export function hasKeyFingerprint(db: Database): boolean {
  return keyFingerprintOf(db) !== null;
}

/** Returns the fingerprint of the present key, or null if nothing is encrypted yet. */
export function keyFingerprintOf(db: Database): string | null {
  return keyStateOf(db).fingerprint;
}

/** Stores the fingerprint of the first key. Does nothing if there is one. */
export function storeFirstKey(db: Database, { fingerprint }: KeyBox): void {
  db.run("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", [FINGERPRINT, fingerprint]);
}

/** Makes `to` the key that seals new values. Must be called within a transaction. */
export function beginRotation(db: Database, from: KeyBox, to: KeyBox): void {
  const set = db.prepare(
    "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  set.run(FINGERPRINT, to.fingerprint);
  set.run(PREVIOUS, Buffer.from(to.seal(from.hex)).toString("hex"));
}

/** Must be called when no value is sealed with the previous key any more. */
export function endRotation(db: Database): void {
  db.run("DELETE FROM meta WHERE name = ?", [PREVIOUS]);
}

/** How the present key was found. */
export interface FoundKey {
  readonly box: KeyBox;
  /** Whether only the previous key is known, with which the present one was opened. */
  readonly isHandedOver: boolean;
}

/** Finds the present key among the known keys. Returns null if none of them fits. */
export function findPresentKey(
  { fingerprint }: Pick<KeyState, "fingerprint">,
  { direct, handedOver }: KnownKeys,
): FoundKey | null {
  const fits = (box: KeyBox) => box.fingerprint === fingerprint;
  const [found, opened] = [direct.find(fits), handedOver.find(fits)];
  if (found !== undefined) return { box: found, isHandedOver: false };
  return opened === undefined ? null : { box: opened, isHandedOver: true };
}
