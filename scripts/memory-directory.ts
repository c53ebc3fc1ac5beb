import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

/** A file system in memory, which Linux usually has. */
const MEMORY = "/dev/shm";
/** The tests need less than 1 GiB for files at a time. Browsers, servers and compilers need the rest. */
const FREE_BYTES_MIN = 8 * 1024 ** 3;

/**
 * Creates a directory in memory for the temporary files of tests, and removes it when this process exits.
 * Returns null if memory is scarce or programs cannot run from there.
 */
export function memoryDirectory(): string | null {
  if (!isSuitable()) return null;
  // A short name: podman refuses paths of more than 50 characters, and sockets those of more than 107.
  const path = mkdtempSync(join(MEMORY, "boathook-"));
  // PostgreSQL runs as another user and must reach its data.
  chmodSync(path, 0o711);
  process.on("exit", () => rmSync(path, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  return path;
}

function isSuitable(): boolean {
  if (!existsSync("/proc/mounts") || !hasProgramsInMemory()) return false;
  const { bavail, bsize } = statfsSync(MEMORY);
  const kib = Number(/^MemAvailable: *(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1] ?? "0");
  return Math.min(bavail * bsize, kib * 1024) >= FREE_BYTES_MIN;
}

/** Returns whether the directory is a file system in memory from which programs can be run. */
function hasProgramsInMemory(): boolean {
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  const [, , type, options = ""] = mounts.map((line) => line.split(" ")).findLast(([, at]) => at === MEMORY) ?? [];
  return type === "tmpfs" && !options.split(",").some((option) => option === "noexec" || option === "ro");
}
