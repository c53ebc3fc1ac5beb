import { closeSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { which } from "bun";
import { executable, type Program } from "./binary.ts";
import { succeeds } from "./command.ts";
import { temporaryDirectory } from "./temporary.ts";

/** A directory on a disk that can be filled and freed. */
export interface SmallDisk extends Disposable {
  readonly dataDir: string;
  /** Program that starts the server so that the small disk limits it. */
  readonly program: Program;
  /** Makes all later writes of the process fail for lack of space. */
  fill(pid: number): void;
  makeRoom(pid: number): void;
}

export interface DiskKind {
  readonly name: string;
  /** Opens the disk. Returns null if this machine does not allow it. */
  open(): SmallDisk | null;
}

const MEBIBYTE = 1024 * 1024;

/**
 * Opens a separate file system, which behaves like a real full disk. Returns null if this machine
 * does not allow it; only root can create one.
 */
export function openFileSystem(sizeMib: number): SmallDisk | null {
  const dir = temporaryDirectory();
  const options = ["-t", "tmpfs", "-o", `size=${sizeMib}m`];
  const mounted = which("mount") !== null && succeeds("mount", ...options, "tmpfs", dir.path);
  if (!mounted) {
    dir[Symbol.dispose]();
    return null;
  }
  const plug = dir.file("plug");
  return {
    dataDir: dir.file("data"),
    program: executable(),
    fill: () => writeUntilFull(plug),
    makeRoom: () => rmSync(plug),
    [Symbol.dispose]() {
      // A lazy unmount, because a process that has just been killed may still use the file system.
      succeeds("umount", "-l", dir.path);
      dir[Symbol.dispose]();
    },
  };
}

const fileSystem: DiskKind = { name: "a small file system", open: () => openFileSystem(16) };

/** A limit on file sizes, which any user can set. To the process it looks like a full disk. */
const fileSizeLimit: DiskKind = {
  name: "a limit on the size of files",
  open() {
    if (which("prlimit") === null || which("sh") === null) return null;
    const dir = temporaryDirectory();
    const dataDir = dir.file("data");
    const limit = (pid: number, bytes: number | "unlimited") =>
      succeeds("prlimit", "--pid", String(pid), `--fsize=${bytes}:unlimited`);
    return {
      dataDir,
      // The signal must be ignored. Otherwise it ends the process at the first write beyond the
      // limit.
      program: ["sh", "-c", `trap "" XFSZ; exec "$@"`, "sh", ...executable()],
      fill: (pid) => limit(pid, statSync(`${dataDir}/boathook.db-wal`).size),
      makeRoom: (pid) => limit(pid, "unlimited"),
      [Symbol.dispose]: () => dir[Symbol.dispose](),
    };
  },
};

export const diskKinds: readonly DiskKind[] = [fileSystem, fileSizeLimit];

function writeUntilFull(path: string): void {
  const file = openSync(path, "w");
  try {
    for (let bytes = Buffer.alloc(MEBIBYTE); bytes.length > 0; ) {
      try {
        writeSync(file, bytes);
      } catch {
        bytes = bytes.subarray(0, bytes.length >> 1);
      }
    }
  } finally {
    closeSync(file);
  }
}
