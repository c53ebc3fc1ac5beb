import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "./verdict.ts";

const MB = 1e6;
const DATABASE = /\.db$/;
const WAL = /\.db-wal$/;

/** What a soak observes. */
export interface Observed {
  readonly pid: number;
  readonly dataDir: string;
  readonly replicaDir: string;
  readonly backupDir: string;
  /** Number of deliveries that wait for an attempt. */
  readonly pending: () => Promise<number>;
}

/** Reads all figures. The process figures are those of Linux. */
export async function sampleOf(
  { pid, dataDir, replicaDir, backupDir, pending }: Observed,
  at: number,
): Promise<Sample> {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const statusValue = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  const files = filesIn(dataDir);
  const sizeOf = (isWanted: (name: string) => boolean) =>
    files.reduce((sum, { name, bytes }) => sum + (isWanted(name) ? bytes : 0), 0) / MB;
  return {
    at,
    memory: (statusValue("VmRSS") * 1024) / MB,
    threads: statusValue("Threads"),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    database: sizeOf((name) => DATABASE.test(name)),
    wal: sizeOf((name) => WAL.test(name)),
    otherFiles: sizeOf((name) => !DATABASE.test(name) && !WAL.test(name)),
    replica: totalOf(replicaDir),
    backups: totalOf(backupDir),
    pending: await pending(),
  };
}

function totalOf(directory: string): number {
  return filesIn(directory).reduce((sum, { bytes }) => sum + bytes, 0) / MB;
}

/** Lists a directory with its subdirectories. Files that vanish meanwhile are left out. */
function filesIn(directory: string): { readonly name: string; readonly bytes: number }[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const found = statSync(join(directory, name), { throwIfNoEntry: false });
    return found?.isFile() ? [{ name, bytes: found.size }] : [];
  });
}
