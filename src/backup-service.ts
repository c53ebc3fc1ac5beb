import { resolve } from "node:path";
import { BackupSchedule } from "./backup/schedule.ts";
import type { Settings } from "./config/index.ts";
import { BackupProcess } from "./edge/backup-process.ts";
import type { Kernel } from "./kernel.ts";

/** Returns the scheduled backups, or null if none are configured. `program` is the command line of this program. */
export function scheduledBackups(
  { clock, facts }: Kernel,
  { backupDir, backupEveryMs: everyMs, backupKeep: keep, dataDir }: Settings,
  program: readonly string[] | undefined,
): BackupSchedule | null {
  if (backupDir === null || program === undefined) return null;
  const directory = resolve(backupDir);
  const port = new BackupProcess(program, resolve(dataDir), directory);
  return new BackupSchedule(clock, facts, port, { directory, everyMs, keep });
}
