import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { databaseFileOf } from "../data-dir.ts";
import { systemFiles, writeDurably } from "../durable-file.ts";
import type { ChainEnd } from "./shipper.ts";

const FILE = "replica-stop.json";

interface StopMarker {
  readonly end: ChainEnd;
  /** Size and time of modification of the database file, which nothing has written since. */
  readonly bytes: number;
  readonly modified: string;
}

/**
 * Records in the data directory that the database file has exactly the content of the replica up to
 * `end`. Must be called after the database was closed.
 */
export function writeStopMarker(dataDir: string, end: ChainEnd): void {
  const file = stateOf(dataDir);
  // A log that remains belongs to another process.
  if (file === null || file.hasLog) return;
  const { bytes, modified } = file;
  writeDurably(systemFiles, join(dataDir, FILE), `${JSON.stringify({ end, bytes, modified } satisfies StopMarker)}\n`);
}

/**
 * Removes the marker and returns where the chain ended with which the database file still agrees.
 * Returns null if the file was written since. Must be called before the database is opened.
 */
export function takeStopMarker(dataDir: string): ChainEnd | null {
  const path = join(dataDir, FILE);
  if (!existsSync(path)) return null;
  const text = readFileSync(path, "utf8");
  rmSync(path);
  const file = stateOf(dataDir);
  try {
    const { end, bytes, modified } = JSON.parse(text) as StopMarker;
    const isSame = file !== null && !file.hasLog && bytes === file.bytes && modified === file.modified;
    return isSame ? end : null;
  } catch {
    return null;
  }
}

function stateOf(dataDir: string) {
  const path = databaseFileOf(dataDir);
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (stats === undefined) return null;
  const hasLog = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  return { bytes: Number(stats.size), modified: String(stats.mtimeNs), hasLog };
}
