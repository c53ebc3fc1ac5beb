import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { which } from "bun";
import { succeeds } from "../support/command.ts";
import { until } from "../support/delivery.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/**
 * A file system in a file. The state that a power cut would leave can be copied while it is in use.
 */

const MKFS = "mkfs.ext4";

export interface DiskImage extends Disposable {
  /** A directory in the file system. It does not exist at first. */
  readonly dataDir: string;
  /**
   * Returns the file system as a power cut at this moment would leave it: with all synced data, and
   * without data that only the page cache holds. Stops the process `pid` during the copy.
   */
  cutFor(pid: number): Promise<DiskImage>;
  /** Makes the file system read-only, as the kernel does after an error of the disk. */
  makeReadOnly(): void;
  /** Mounts the file system anew, writable. No process may use it. */
  mountAgain(): void;
}

/** Creates an empty file system. Returns null if this machine does not allow it; only root may mount. */
export function createDiskImage(sizeMib: number): DiskImage | null {
  if (process.platform !== "linux" || which(MKFS) === null || which("mount") === null) return null;
  const home = temporaryDirectory();
  const file = home.file("image");
  const made = succeeds("truncate", "-s", `${sizeMib}M`, file) && succeeds(MKFS, "-q", "-F", file);
  const image = made ? mounted(home, file) : null;
  if (image === null) home[Symbol.dispose]();
  return image;
}

function mounted(home: ReturnType<typeof temporaryDirectory>, file: string): DiskImage | null {
  const root = home.file("mounted");
  mkdirSync(root);
  // With a long commit interval, the journal is written only by fsync and never during a copy.
  const mount = () => succeeds("mount", "-o", "loop,commit=600,errors=remount-ro", file, root);
  if (!mount()) return null;
  return {
    dataDir: `${root}/data`,
    async cutFor(pid) {
      const copyHome = temporaryDirectory();
      const copy = copyHome.file("image");
      process.kill(pid, "SIGSTOP");
      try {
        await until(
          async () => threadStates(pid),
          (states) => states.every((state) => state === "T"),
        );
        if (!succeeds("cp", "--sparse=always", file, copy)) throw new Error(`${file} could not be copied.`);
      } finally {
        process.kill(pid, "SIGCONT");
      }
      const image = mounted(copyHome, copy);
      if (image === null) throw new Error(`The copy of ${statSync(copy).size} bytes could not be mounted.`);
      return image;
    },
    makeReadOnly() {
      if (!succeeds("mount", "-o", "remount,abort", root)) throw new Error(`${root} is still writable.`);
    },
    mountAgain() {
      if (!succeeds("umount", root) || !mount()) throw new Error(`${root} could not be mounted again.`);
    },
    [Symbol.dispose]() {
      // A lazy unmount, because a process that has just been killed may still use the file system.
      succeeds("umount", "-l", root);
      home[Symbol.dispose]();
    },
  };
}

/**
 * Returns the state of each thread. A thread in a system call such as fsync stops only after that
 * call.
 */
function threadStates(pid: number): string[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).map((thread) => {
    const stat = readFileSync(`${tasks}/${thread}/stat`, "utf8");
    return stat.charAt(stat.lastIndexOf(")") + 2);
  });
}
