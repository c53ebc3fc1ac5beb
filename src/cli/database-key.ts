import type { Settings } from "../config/index.ts";
import { counted } from "../core/text.ts";
import { maskPassword } from "../core/url-password.ts";
import { storeErrorOf } from "../server-store.ts";
import { systemFiles } from "../store/sqlite/data-dir/durable-file.ts";
import { refuseTargetFile, writeTargetFile } from "../store/sqlite/encryption/target-file.ts";
import { recordCommand } from "./command-store.ts";

/**
 * Replaces the key of a PostgreSQL database with `newKey`, or with a generated one that is written to
 * `toFile`. Instances must be stopped until the new key is in force.
 */
export async function rotateDatabaseKey(
  settings: Settings,
  newKey: string | null,
  toFile: string | null,
): Promise<void> {
  const { store: url, encryptionKey } = settings;
  try {
    const { rotateKey } = await import("../store/postgres/encryption/key-rotation.ts");
    const { resealed, key } = await rotateKey({
      ...{ url, configured: encryptionKey!, newKey },
      beforeBegin() {
        if (toFile !== null) refuseTargetFile(toFile, null);
      },
      keep(key) {
        if (toFile !== null) writeTargetFile(toFile, key, systemFiles);
      },
      onBegun: () =>
        console.error(
          "The new key is in force. Set encryption-key (BOATHOOK_ENCRYPTION_KEY) to it for all instances. They can be started while the secrets are encrypted again.",
        ),
    });
    await recordCommand({ ...settings, encryptionKey: key.hex }, "key.rotate");
    console.log(`${maskPassword(url)}: ${counted(resealed, "value")} encrypted with the new key`);
    console.error("Backups made before this rotation need the old key. Keep it as long as you keep them.");
  } catch (error) {
    throw storeErrorOf(error, settings);
  }
}
