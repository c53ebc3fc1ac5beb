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
  const key = openedOrNull(box, stored);
  if (key !== null && KEY_FORM.test(key)) return key;
  const damaged = `The value ${name} in the table meta of the PostgreSQL database is damaged.`;
  throw new StartError([damaged, "Restore the database from a backup.", remedy].join(" ").trimEnd());
}

function openedOrNull(box: SecretBox, stored: string): string | null {
  try {
    return box.open(Buffer.from(stored, "hex"));
  } catch {
    return null;
  }
}
