import { StartError } from "../../core/start-error.ts";
import { KeyBox, type SecretBox } from "../sql/secret-box.ts";
import type { Database, Queries } from "./database.ts";
import { once } from "./meta.ts";

const FINGERPRINT = "encryption-key-fingerprint";

/**
 * Returns what encrypts secrets at rest. The first instance stores the fingerprint of its key. Throws
 * `StartError` if another key is in use.
 */
export async function openKeys(database: Database, encryptionKey: string): Promise<SecretBox> {
  const box = new KeyBox(encryptionKey);
  if ((await once(database, FINGERPRINT, () => box.fingerprint)) === box.fingerprint) return box;
  throw new StartError(
    "The secrets in the PostgreSQL database are encrypted with another key. Set `encryption-key` to the key of the other instances.",
  );
}

/** Returns the fingerprint of the key in use, or null if nothing is encrypted yet. */
export async function fingerprintOf(queries: Queries): Promise<string | null> {
  const row = await queries.first<{ value: string }>("SELECT value FROM meta WHERE name = $1", [FINGERPRINT]);
  return row?.value ?? null;
}
