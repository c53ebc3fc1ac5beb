import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { databaseFileOf } from "../data-dir/data-dir.ts";
import { systemFiles, writeDurably } from "../data-dir/durable-file.ts";
import { sizeOf } from "../data-dir/file-size.ts";
import type { GenerationEnd } from "./generation-end.ts";

const FILE = "replica.json";

/** Path of the file in which the data directory records its replica. */
export function localStateFileOf(dataDir: string): string {
  return join(dataDir, FILE);
}

/** Returns whether the data directory has, or had, a replica. */
export function hasReplica(dataDir: string): boolean {
  return existsSync(localStateFileOf(dataDir));
}

/** Content of the file in which the data directory records its replica. */
export interface LocalState {
  /** The location of the replica that was used last. */
  readonly location: string;
  readonly stop: StopState | null;
}

/** The state in which the server was stopped. */
interface StopState {
  /** End of the generation with which the database file agrees. */
  readonly end: GenerationEnd;
  /** Size and time of modification of the database file. */
  readonly bytes: number;
  readonly modified: string;
}

/** Returns what was recorded, or null. Must be called before the database is opened. */
export function readLocalState(dataDir: string): LocalState | null {
  try {
    const path = localStateFileOf(dataDir);
    // Reading a pipe would wait for a process that writes to it.
    if (!statSync(path).isFile()) return null;
    const state = JSON.parse(readFileSync(path, "utf8")) as LocalState;
    const file = fileOf(dataDir);
    const isSame = file !== null && state.stop?.bytes === file.bytes && state.stop.modified === file.modified;
    return { ...state, stop: isSame ? state.stop : null };
  } catch {
    return null;
  }
}

/** Records that the data directory has a replica at a location. */
export function recordUse(dataDir: string, location: string): void {
  write(dataDir, { location, stop: null });
}

/**
 * Records that the database file agrees with the end of a generation. Must be called after the
 * database was closed.
 */
export function recordStop(dataDir: string, location: string, end: GenerationEnd): void {
  const file = fileOf(dataDir);
  if (file !== null) write(dataDir, { location, stop: { end, ...file } });
}

function write(dataDir: string, state: LocalState): void {
  writeDurably(systemFiles, localStateFileOf(dataDir), `${JSON.stringify(state)}\n`);
}

/** Describes the database file. Returns null if there is none, or if there is a log beside it. */
function fileOf(dataDir: string): Pick<StopState, "bytes" | "modified"> | null {
  const path = databaseFileOf(dataDir);
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (stats === undefined || sizeOf(`${path}-wal`) > 0) return null;
  return { bytes: Number(stats.size), modified: String(stats.mtimeNs) };
}
