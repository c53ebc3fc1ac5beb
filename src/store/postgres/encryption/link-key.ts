import { randomBytes } from "node:crypto";
import { payloadLinkKeyBytes } from "../../../core/payload-link.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Database } from "../connection/database.ts";
import { once, readMeta } from "../housekeeping/meta.ts";
import type { Keys } from "./keys.ts";
import { openKey, openKeyOrNull, sealedHex } from "./sealed-meta.ts";

/** The name of the key that signs links to payloads. */
export const PAYLOAD_LINK_KEY = "payload-link-key";
const NEW_LINK_KEY =
  "Or delete its row: the next start makes another key, which ends earlier links to payloads and secrets of listeners.";

/** Decrypts the stored key that signs links to payloads. Throws `StartError` if it is damaged. */
export const openLinkKey = (box: SecretBox, stored: string): string =>
  openKey(box, PAYLOAD_LINK_KEY, stored, NEW_LINK_KEY);

/**
 * Returns the key that signs links to payloads. It is generated with the database, and stored encrypted. Throws
 * `StartError` if it is damaged, or if the encryption key has been replaced.
 */
export async function payloadLinkKey(database: Database, keys: Keys): Promise<string> {
  const stored = await readMeta(database, PAYLOAD_LINK_KEY);
  const key = stored === null ? null : openKeyOrNull(keys, stored);
  if (key !== null) return key;
  return database.inTransaction(async (queries) => {
    await keys.keepPresent(queries);
    const generate = () => sealedHex(keys, randomBytes(payloadLinkKeyBytes).toString("hex"));
    return openLinkKey(keys, await once(queries, PAYLOAD_LINK_KEY, generate));
  });
}
