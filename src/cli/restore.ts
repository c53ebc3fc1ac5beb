import type { Command } from "commander";
import { systemClock } from "../edge/clock.ts";
import { restoreBackup } from "../store/sqlite/backup/restore.ts";
import { keyInFile } from "../store/sqlite/key-file.ts";
import { CommandFailed } from "./exit-code.ts";
import { addSettingOptions, settingsFor } from "./setting-options.ts";

const HELD =
  "Deliveries are held, so that messages are not sent twice: the server accepts and stores messages, but sends nothing. Resume deliveries on the admin page, with POST /api/v1/delivery/resume or with `boathook serve --deliver`.";

interface RestoreOptions {
  readonly deliver?: boolean;
  readonly keyFile?: string;
}

/** Adds the command that creates a data directory from a backup. */
export function addRestoreCommand(program: Command): void {
  const command = program
    .command("restore")
    .description("Create the data of a server from a backup. Deliveries are held until you resume them.")
    .argument("<file>", "path of the backup")
    .option("--deliver", "do not hold deliveries")
    .option("--key-file <file>", "file with the encryption key, if the backup does not contain the key")
    .action(async (file: string, options: RestoreOptions) => restore(command, file, options));
  addSettingOptions(command, {
    dataDir: "data directory to create; it must not contain data",
    encryptionKey: null,
  });
}

async function restore(command: Command, file: string, { deliver = false, keyFile }: RestoreOptions): Promise<void> {
  const { dataDir, encryptionKey: configuredKey } = settingsFor(command);
  const givenKey = keyFile === undefined ? null : keyFrom(keyFile);
  const request = { file, dataDir, configuredKey, givenKey, deliver, now: systemClock.now() };
  const { bytes, createdAt, schemaVersion, wroteKey } = await restoreBackup(request);
  const key = wroteKey ? "with its key file" : "without a key file";
  const made = new Date(createdAt).toISOString();
  console.log(`${dataDir} ${bytes} bytes from the backup of ${made} (schema ${schemaVersion}), ${key}`);
  if (!deliver) console.error(HELD);
}

function keyFrom(path: string): string {
  let key: string | null;
  try {
    key = keyInFile(path);
  } catch (error) {
    throw new CommandFailed(`The key file ${path} cannot be read (${(error as { code?: string }).code}).`);
  }
  if (key === null) throw new CommandFailed(`The key file ${path} does not contain 64 hex digits.`);
  return key;
}
