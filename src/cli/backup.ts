import type { Command } from "commander";
import { systemClock } from "../edge/clock.ts";
import { lowerPriority, runOnlyWhenIdle } from "../edge/process-priority.ts";
import { writeBackup } from "../store/sqlite/backup/backup-file.ts";
import { databaseFileOf } from "../store/sqlite/data-dir/data-dir.ts";
import { sizeOf } from "../store/sqlite/data-dir/file-size.ts";
import { keyFileOf, knownKeys } from "../store/sqlite/encryption/key-file.ts";
import { CommandFailed } from "./exit-code.ts";
import { requireSqlite } from "./only-sqlite.ts";
import { addSettingOptions, settingsFor } from "./setting-options.ts";
import { streamBackup } from "./stream-backup.ts";
import { version } from "./version.ts";

const STDOUT = "-";
/**
 * Size in bytes of a database and its log from which on the backup has a low priority. The backup of a smaller
 * one takes a fraction of a second of the processor, but with a low priority it may take a minute on a machine
 * that is busy.
 */
const LOW_PRIORITY_MIN_BYTES = 64 * 1024 * 1024;

interface BackupOptions {
  readonly withKey?: boolean;
  readonly force?: boolean;
}

/** Adds the command that copies the data of a running or stopped server to one file. */
export function addBackupCommand(program: Command): void {
  const command = program
    .command("backup")
    .description("Write a consistent copy of the data to one file, whether or not a server is running.")
    .argument("<file>", "path of the backup, or - for stdout")
    .option("--with-key", "include the encryption key; whoever has the backup can then read all secrets")
    .option("--force", "replace an existing file")
    .action(async (file: string, options: BackupOptions) => backup(command, file, options));
  addSettingOptions(command, { dataDir: "data directory of the server", encryptionKey: null });
}

async function backup(
  command: Command,
  file: string,
  { withKey = false, force = false }: BackupOptions,
): Promise<void> {
  const settings = settingsFor(command);
  requireSqlite(
    settings,
    "backup",
    "Back up the PostgreSQL database with pg_dump, or with pg_basebackup and an archive of its write-ahead log.",
  );
  const { dataDir, encryptionKey } = settings;
  const keys = withKey ? knownKeys(dataDir, encryptionKey) : null;
  if (keys?.direct.length === 0) {
    throw new CommandFailed(
      `The data directory ${dataDir} has no usable key file. Set BOATHOOK_ENCRYPTION_KEY to the key of the server or omit --with-key.`,
    );
  }
  const path = databaseFileOf(dataDir);
  const isLarge = sizeOf(path) + sizeOf(`${path}-wal`) >= LOW_PRIORITY_MIN_BYTES;
  if (isLarge) lowerPriority();
  const afterCopy = () => {
    if (isLarge) runOnlyWhenIdle();
  };
  const besideServer = { clock: systemClock, afterCopy };
  const request = { dataDir, keys, force, verify: true, besideServer, now: systemClock.now(), version };
  const bytes = file === STDOUT ? await streamBackup(request) : await writeBackup({ ...request, file });
  const line = `${file === STDOUT ? "stdout" : file} ${bytes} bytes ${withKey ? "with key" : "without key"}`;
  if (file === STDOUT) console.error(line);
  else console.log(line);
  if (!withKey) {
    const where = encryptionKey === null ? `the file ${keyFileOf(dataDir)}` : "encryption-key";
    console.error(
      `The backup can be restored only with the encryption key (${where}). Keep a copy of the key elsewhere.`,
    );
  }
}
