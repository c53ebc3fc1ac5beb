import { StartError } from "../../../core/start-error.ts";
import type { SecretBox } from "../../sql/secret-box.ts";

/** Keys as hex digits. */
const KEY_FORM = /^[0-9a-f]{64}$/i;

/** Returns the form in which a secret is stored in the table `meta`. */
export const sealedHex = (box: SecretBox, text: string): string => Buffer.from(box.seal(text)).toString("hex");

/**
 * Decrypts the key that the table `meta` has under a name. Throws `StartError` if it is damaged. `remedy` is a
 * sentence: what helps besides a backup.
 */
export function openKey(box: SecretBox, name: string, stored: string, remedy = ""): string {
  const key = openKeyOrNull(box, stored);
  if (key !== null) return key;
  const damaged = `The value ${name} in the table meta of the PostgreSQL database is damaged.`;
  throw new StartError([damaged, "Restore the database from a backup.", remedy].join(" ").trimEnd());
}

/** Decrypts a key from the table `meta`. Returns null if it is damaged or sealed with another key. */
export function openKeyOrNull(box: SecretBox, stored: string): string | null {
  try {
    const key = box.open(Buffer.from(stored, "hex"));
    return KEY_FORM.test(key) ? key : null;
  } catch {
    return null;
  }
}
