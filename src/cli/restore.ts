import type { Command } from "commander";
import { parseInstant } from "../core/instant.ts";
import { systemClock } from "../edge/clock.ts";
import { openBucket } from "../edge/s3-vault.ts";
import { restoreBackup } from "../store/sqlite/backup/restore.ts";
import type { RestoreOptions } from "../store/sqlite/backup/restored-database.ts";
import { keysInFile } from "../store/sqlite/encryption/key-file.ts";
import { restoreReplica } from "../store/sqlite/replica/restore-replica.ts";
import { CommandFailed } from "./exit-code.ts";
import { requireSqlite } from "./only-sqlite.ts";
import { addSettingOptions, settingsFor } from "./setting-options.ts";

const HELD =
  "Deliveries are held, so that messages are not sent twice: the server accepts and stores messages, but sends nothing. Resume deliveries on the admin page, with POST /api/v1/delivery/resume or with `boathook serve --deliver`.";

interface GivenOptions {
  readonly deliver?: boolean;
  readonly keyFile?: string;
  readonly replica?: string;
  readonly at?: string;
  readonly untilDamage?: boolean;
}

/** Adds the command that creates a data directory from a backup or a replica. */
export function addRestoreCommand(program: Command): void {
  const command = program
    .command("restore")
    .description("Create the data of a server from a backup or a replica. Deliveries are held until you resume them.")
    .argument("[file]", "path of the backup; without it, the data comes from the replica")
    .option("--deliver", "do not hold deliveries")
    .option("--key-file <file>", "file with the encryption key, if the backup does not contain the key")
    .option("--at <instant>", "with a replica: restore the data as it was at this time, such as 2026-01-31T12:00:00Z")
    .option("--until-damage", "with a replica: if a part of it is missing or damaged, restore what was before")
    .action(async (file: string | undefined, options: GivenOptions) => restore(command, file, options));
  addSettingOptions(command, {
    dataDir: "data directory to create; it must not contain data",
    encryptionKey: null,
    replica: "replica to restore: a directory or s3://bucket/prefix",
  });
  command.addHelpText(
    "after",
    "\nFor a bucket, set the same variables as for the server: S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY,\nS3_REGION and S3_ENDPOINT.",
  );
}

async function restore(command: Command, file: string | undefined, given: GivenOptions): Promise<void> {
  const settings = settingsFor(command);
  requireSqlite(
    settings,
    "restore",
    "Restore the PostgreSQL database with pg_restore, or from its base backup and archive.",
  );
  const { dataDir, encryptionKey: configuredKey, replica } = settings;
  const { deliver = false, keyFile } = given;
  const givenKeys = keyFile === undefined ? [] : keysFrom(keyFile);
  const options = { dataDir, configuredKey, givenKeys, deliver, now: systemClock.now() };
  if (file !== undefined) {
    const extra = (["replica", "at", "untilDamage"] as const).find((name) => given[name] !== undefined);
    if (extra !== undefined) command.error("error: Give a backup or --replica with its options, not both.");
    await fromBackup(file, options);
  } else {
    if (replica === null) command.error("error: Give the path of a backup, or a replica with --replica.");
    await fromReplica(replica!, options, {
      until: instantOf(command, given.at),
      untilDamage: given.untilDamage ?? false,
    });
  }
  if (!deliver) console.error(HELD);
}

async function fromBackup(file: string, options: RestoreOptions): Promise<void> {
  const { bytes, createdAt, schemaVersion, wroteKey } = await restoreBackup({ ...options, file });
  const made = new Date(createdAt).toISOString();
  console.log(
    `${options.dataDir} ${bytes} bytes from the backup of ${made} (schema ${schemaVersion}), ${keyText(wroteKey)}`,
  );
}

async function fromReplica(
  location: string,
  options: RestoreOptions,
  limits: { readonly until: number | null; readonly untilDamage: boolean },
): Promise<void> {
  const restored = await restoreReplica({ ...options, ...limits, location, openBucket });
  const { bytes, at, schemaVersion, wroteKey, damage } = restored;
  if (damage !== null) console.error(`${damage} What was committed until then was restored.`);
  const last = new Date(at).toISOString();
  console.log(
    `${options.dataDir} ${bytes} bytes from the replica, last commit ${last} (schema ${schemaVersion}), ${keyText(wroteKey)}`,
  );
}

function keyText(wroteKey: boolean): string {
  return wroteKey ? "with its key file" : "without a key file";
}

function instantOf(command: Command, text: string | undefined): number | null {
  if (text === undefined) return null;
  const instant = parseInstant(text);
  if (instant === null) command.error("error: --at must be a time such as 2026-01-31T12:00:00Z.");
  return instant;
}

function keysFrom(path: string): readonly string[] {
  let keys: readonly string[];
  try {
    keys = keysInFile(path);
  } catch (error) {
    throw new CommandFailed(
      `The key file ${path} cannot be read (${(error as { code?: string }).code}). Check the path and its permissions.`,
    );
  }
  if (keys.length === 0) {
    throw new CommandFailed(
      `The key file ${path} does not contain 64 hex digits. Give --key-file the encryption.key of the server that wrote the data.`,
    );
  }
  return keys;
}
