import { realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Settings } from "./schema.ts";

/**
 * Returns what is wrong with the places of the copies of the data, as a sentence, or null. A copy in
 * the data directory would be lost together with the data.
 */
export function placeProblem({ backupDir, replica, dataDir }: Settings): string | null {
  if (backupDir !== null && isInside(dataDir, backupDir)) {
    return `The backup-dir ${backupDir} is in the data directory ${dataDir}. Set backup-dir to a directory elsewhere, best on another disk.`;
  }
  if (replica !== null && !replica.startsWith("s3://") && isInside(dataDir, replica)) {
    return `The replica ${replica} is in the data directory ${dataDir}. Set replica to a directory on another disk or to s3://bucket/prefix.`;
  }
  return null;
}

/** Returns whether a path is a directory or inside of it, also if a part of the path is a link. */
function isInside(directory: string, path: string): boolean {
  const inside = relative(realPath(resolve(directory)), realPath(resolve(path)));
  return !(/^\.\.([\\/]|$)/.test(inside) || isAbsolute(inside));
}

/** Resolves the links in the part of a path that exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}
