import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BackupRequest, writeBackup } from "../store/sqlite/backup/backup-file.ts";

/**
 * Writes a backup to stdout. Returns its size in bytes. The backup is first made in the directory
 * for temporary files (`TMPDIR`), so an incomplete backup is never written to stdout.
 */
export async function streamBackup(request: Omit<BackupRequest, "file" | "force">): Promise<number> {
  // The directory has mode 0700.
  const directory = mkdtempSync(join(tmpdir(), "boathook-backup-"));
  try {
    const file = join(directory, "backup");
    const size = await writeBackup({ ...request, file, force: false });
    for await (const chunk of Bun.file(file).stream()) await writeToStdout(chunk);
    return size;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function writeToStdout(chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}
