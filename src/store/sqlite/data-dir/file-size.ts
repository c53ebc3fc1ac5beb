import { promises, statSync } from "node:fs";

/** Returns the size of a file in bytes, or 0 if it does not exist, such as the log of an in-memory database. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Returns the free space in bytes of a disk that this process may use. Null if it is not known. */
export async function freeBytesOf(directory: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await promises.statfs(directory);
    return bavail * bsize;
  } catch {
    return null;
  }
}
