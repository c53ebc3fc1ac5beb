import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { BackupProcess } from "../../src/edge/backup-process.ts";
import { temporaryDirectory } from "../support/temporary.ts";

test("a directory of backups that is gone is named in the error, also if it disappears after it was found", async () => {
  using dir = temporaryDirectory();
  const list = (directory: string) => new BackupProcess([], dir.path, directory).list();
  await expect(list(dir.file("disk/backups"))).rejects.toThrow(`The directory ${dir.file("disk")} does not exist.`);
  // Such a link cannot be created as a directory, and cannot be read either.
  symlinkSync(dir.file("nowhere"), dir.file("backups"));
  await expect(list(dir.file("backups"))).rejects.toThrow(`The directory ${dir.file("backups")} does not exist.`);
});
