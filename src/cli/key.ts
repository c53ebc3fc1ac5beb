import { Command } from "commander";
import { NEW_KEY_VARIABLE, newEncryptionKey } from "../config/index.ts";
import { SQLITE } from "../config/store-kinds.ts";
import { counted } from "../core/text.ts";
import { systemClock } from "../edge/clock.ts";
import { oldKeyFileOf } from "../store/sqlite/encryption/key-file.ts";
import { forgetOldKeys, rotateKey } from "../store/sqlite/encryption/rotation.ts";
import { recordCommand } from "./command-store.ts";
import { rotateDatabaseKey } from "./database-key.ts";
import { requireSqlite } from "./only-sqlite.ts";
import { addSettingOptions, settingsFor } from "./setting-options.ts";

/** Adds the commands that change the encryption key. With SQLite, a server may be running. */
export function addKeyCommand(program: Command): void {
  const key = program.command("key").description("Replace the key that encrypts secrets at rest.");
  key.addCommand(rotateCommand());
  key.addCommand(forgetCommand());
  for (const command of key.commands) {
    command.copyInheritedSettings(key);
    addSettingOptions(command, { dataDir: "data directory of the server", encryptionKey: null });
  }
}

function rotateCommand(): Command {
  const command = new Command("rotate")
    .description("Encrypt all secrets with a new key. Can be repeated if it was interrupted.")
    .option("--to-file <file>", "write the new key to a new file instead of the key file in the data directory")
    .addHelpText(
      "after",
      `\nIf encryption-key is set, the new key is read from the environment variable ${NEW_KEY_VARIABLE}.`,
    );
  return command.action(async ({ toFile = null }: { readonly toFile?: string | null }) => {
    const settings = settingsFor(command);
    const { dataDir, encryptionKey: configured } = settings;
    const newKey = newEncryptionKey(process.env);
    if (configured !== null && newKey === null && toFile === null) {
      command.error(
        `error: The key is configured with encryption-key, so the new key must be given in the environment variable ${NEW_KEY_VARIABLE} or written to a file with --to-file.`,
      );
    }
    if (settings.store !== SQLITE) return rotateDatabaseKey(settings, newKey, toFile);
    const { resealed, needsSetting, isKeyUnknown } = await rotateKey({
      ...{ dataDir, configured, newKey, toFile, clock: systemClock },
    });
    await recordCommand(
      { ...settings, encryptionKey: needsSetting ? (newKey ?? configured) : configured },
      "key.rotate",
    );
    console.log(`${dataDir}: ${counted(resealed, "value")} encrypted with the new key`);
    if (isKeyUnknown) {
      console.error(
        "The new key exists only in the data. Write it to a file with `boathook key rotate --to-file FILE`.",
      );
    }
    if (needsSetting) {
      console.error("Set encryption-key (BOATHOOK_ENCRYPTION_KEY) to the new key now, and restart the server.");
    }
    console.error(
      `Backups made before this rotation need the old key, which is kept in ${oldKeyFileOf(dataDir)}. Remove it with \`boathook key forget\` when you no longer need them.`,
    );
  });
}

function forgetCommand(): Command {
  const command = new Command("forget").description(
    "Remove the keys from before the last rotation. Backups from that time can then no longer be restored.",
  );
  return command.action(async () => {
    const settings = settingsFor(command);
    requireSqlite(settings, "key forget", "No earlier keys are kept with PostgreSQL.");
    const { dataDir, encryptionKey: configured } = settings;
    const removed = await forgetOldKeys({ dataDir, configured, clock: systemClock });
    if (removed.length > 0) await recordCommand(settings, "key.forget");
    console.log(removed.length === 0 ? `${dataDir}: no earlier keys` : `${dataDir}: removed ${removed.join(", ")}`);
  });
}
