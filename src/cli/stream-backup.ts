import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { type BackupRequest, writeBackup } from "../store/sqlite/backup/backup-file.ts";
import { CommandFailed } from "./exit-code.ts";

/**
 * Writes a backup to stdout. Returns its size in bytes. The backup is first made in the directory
 * for temporary files (`TMPDIR`), so an incomplete backup is never written to stdout.
 */
export async function streamBackup(request: Omit<BackupRequest, "file" | "force">): Promise<number> {
  let directory: string | null = null;
  const remove = () => {
    if (directory !== null) rmSync(directory, { recursive: true, force: true });
  };
  // Before the directory exists, so that no signal comes between.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      // The copy may contain the encryption key, so it must not stay behind.
      remove();
      process.exit(128 + constants.signals[signal]);
    });
  }
  try {
    // The directory has mode 0700.
    directory = mkdtempSync(join(tmpdir(), "boathook-backup-"));
    const file = join(directory, "backup");
    const size = await writeBackup({ ...request, file, force: false });
    for await (const chunk of Bun.file(file).stream()) await writeToStdout(chunk);
    return size;
  } finally {
    remove();
  }
}

function writeToStdout(chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => {
      if (error) reject(new CommandFailed("The reader of stdout has stopped, so the backup there is incomplete."));
      else resolve();
    });
  });
}
