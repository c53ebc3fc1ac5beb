import { existsSync, mkdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Returns the place of a directory that tests make once for a user and keep. */
export function keptDirectory(name: string): string {
  const all = join(homedir(), ".cache", "boathook-tests");
  mkdirSync(all, { recursive: true });
  return join(all, name);
}

/** Moves a directory to the place where it is kept. Another process may have made the same one. */
export function keepUnlessThere(made: string, kept: string): void {
  try {
    renameSync(made, kept);
  } catch (error) {
    if (!existsSync(kept)) throw error;
  }
}
