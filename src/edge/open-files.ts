import { promises, readFileSync } from "node:fs";

/**
 * Returns the maximum number of files and connections that this process may have open, or null if
 * the system does not report it. The runtime raises the soft limit to the hard limit when it starts
 * (Bun 1.4.5, also in a compiled executable).
 */
export function openFilesMax(): number | null {
  try {
    const soft = /^Max open files\s+(?<soft>\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.groups?.soft;
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}

/** Returns the number of files and connections that this process has open, or null if it is not known. */
export async function openFiles(): Promise<number | null> {
  try {
    return (await promises.readdir("/proc/self/fd")).length;
  } catch {
    return null;
  }
}
