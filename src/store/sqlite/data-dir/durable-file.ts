import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { codeOf } from "./disk-error.ts";

/** Operations on files. The process may crash after each of them. Tests replace them. */
export interface Files {
  /** Creates a directory with mode 0700. Its parent must exist. */
  makeDirectory(path: string): void;
  /** Creates or overwrites a file with mode 0600. */
  write(path: string, text: string): void;
  rename(from: string, to: string): void;
  /** Syncs the content of a file, or the entries of a directory, to disk. */
  sync(path: string): void;
}

export const systemFiles: Files = {
  makeDirectory(path) {
    mkdirSync(path, { mode: 0o700 });
    // `mkdir` applies the umask, which may remove permissions of the owner.
    chmodSync(path, 0o700);
  },
  write: (path, text) => writeFileSync(path, text, { mode: 0o600 }),
  rename: renameSync,
  sync(path) {
    const isDirectory = statSync(path).isDirectory();
    // Windows syncs only files that are open for writing.
    const file = openSync(path, isDirectory ? "r" : "r+");
    try {
      fsyncSync(file);
    } catch (error) {
      // Windows and some network file systems cannot sync a directory.
      if (!isDirectory || !/^(EINVAL|ENOTSUP|EPERM|EISDIR)$/.test(codeOf(error))) throw error;
    } finally {
      closeSync(file);
    }
  },
};

/**
 * Creates or replaces a small file. After a crash at any moment, the file has either its old or its
 * new content. When this returns, the new content survives a power failure.
 */
export function writeDurably(files: Files, path: string, text: string): void {
  const temporary = `${path}.tmp`;
  files.write(temporary, text);
  files.sync(temporary);
  files.rename(temporary, path);
  files.sync(dirname(path));
}

/** Creates a directory and its missing parents. When this returns, they survive a power failure. */
export function makeDirectoryDurably(files: Files, path: string): void {
  const parent = dirname(resolve(path));
  if (!existsSync(parent)) makeDirectoryDurably(files, parent);
  files.makeDirectory(path);
  files.sync(parent);
}
